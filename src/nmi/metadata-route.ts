import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { CallerSlots } from "./caller-slots.ts";
import { withDeadline } from "./deadline.ts";
import { findCaller, sourceOf, type FindCallerDeps } from "./find-caller.ts";
import { clientGone } from "./hold.ts";
import type { PlatformMetadata } from "./ports.ts";
import { refuse } from "./refusals.ts";
import type { MetadataRequest } from "./request.ts";
import { metadataAnswer } from "./response.ts";
import { refused, type Arrival, type Served } from "./served.ts";
import { upstreamTimeoutMs } from "./token-fetch.ts";

export interface MetadataRouteDeps extends FindCallerDeps {
  readonly log: Log;
  readonly platform: PlatformMetadata;
  /** Calls for metadata that run at once, apart from those for tokens: neither waits for the other, and no pod for another. */
  readonly metadataSlots: CallerSlots;
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
  try {
    const limit = { clock: deps.clock, timeoutMs: upstreamTimeoutMs, signal: gone };
    const raw = await withDeadline(limit, (signal) =>
      deps.metadataSlots.run(sourceOf(arrival), signal, () =>
        deps.platform.fetchMetadata({ ...request, signal }),
      ),
    );
    if (raw.status === 429) return { ...refused(refuse("upstreamThrottled", "UpstreamThrottled")), pod };
    // Nothing else of a redirect is passed on, so that nobody is led away from here.
    if (raw.status < 200 || (raw.status >= 300 && raw.status < 400)) {
      return { ...refused(refuse("upstreamUnavailable", "UpstreamUnavailable")), pod };
    }
    return { answer: metadataAnswer(raw), outcome: "passedThrough", reasons: [], pod };
  } catch (thrown) {
    if (gone.aborted) return { ...refused(clientGone), pod };
    deps.log.error({ err: toError(thrown) }, "platform metadata call failed");
    return { ...refused(refuse("upstreamUnavailable", "UpstreamUnavailable")), pod };
  }
}
