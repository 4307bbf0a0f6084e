import { findCaller, sourceOf, type FindCallerDeps } from "./find-caller.ts";
import type { PlatformCalls } from "./platform-calls.ts";
import type { PlatformMetadata } from "./ports.ts";
import { refuse } from "./refusals.ts";
import type { MetadataRequest } from "./request.ts";
import { metadataAnswer } from "./response.ts";
import { refused, type Arrival, type Served } from "./served.ts";

export interface MetadataRouteDeps extends FindCallerDeps {
  readonly platform: PlatformMetadata;
  /** Apart from the calls for tokens: neither waits for the other, and no pod for another. */
  readonly metadataCalls: PlatformCalls;
}

/**
 * Passes a request for the platform's metadata on, for pods of this node only. What the node's own processes and other
 * machines ask here is not for NMI to answer: IMDS itself tells a machine about nobody but that machine.
 */
export async function serveMetadata(
  deps: MetadataRouteDeps,
  request: MetadataRequest,
  arrival: Arrival,
): Promise<Served> {
  const { gone } = arrival;
  const caller = await findCaller(deps, arrival);
  if (!caller.ok) return refused(caller.refusal);
  const { pod } = caller;
  const called = await deps.metadataCalls.make(sourceOf(arrival), gone, (signal) =>
    deps.platform.fetchMetadata({ ...request, signal }),
  );
  if (!called.ok) return { ...refused(called.refusal), pod };
  const { answer: raw } = called;
  // Nothing else of a redirect is passed on, so that nobody is led away from here.
  if (raw.status < 200 || (raw.status >= 300 && raw.status < 400)) {
    return { ...refused(refuse("upstreamUnavailable", "UpstreamUnavailable")), pod };
  }
  return { answer: metadataAnswer(raw), outcome: "passedThrough", reasons: [], pod };
}
