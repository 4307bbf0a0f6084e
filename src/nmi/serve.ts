import type { Admission } from "./admission.ts";
import { sourceOf } from "./find-caller.ts";
import { callerOf, isOfNode, serveHostToken, type HostRouteDeps } from "./host-route.ts";
import { serveMetadata, type MetadataRouteDeps } from "./metadata-route.ts";
import { parseRequest, type ParsedRequest, type RequestTerms } from "./request.ts";
import { refused, type Arrival, type Served } from "./served.ts";
import { serveToken, type TokenRouteDeps } from "./token-route.ts";

export interface ServeDeps extends TokenRouteDeps, HostRouteDeps, MetadataRouteDeps {
  readonly terms: RequestTerms;
  readonly admission: Admission;
}

/**
 * Serves one request, whatever it is: read once, then let in or refused, then answered by its route. What is refused
 * while reading, probes above all, costs nothing and is not counted against the caller.
 */
export async function serveRequest(deps: ServeDeps, arrival: Arrival): Promise<Served> {
  const parsed = parseRequest(arrival.raw, deps.terms);
  if (parsed.kind === "refused") {
    const { route, refusal } = parsed;
    return { ...refused(refusal), route, isRoutine: refusal.kind === "metadataHeaderMissing" };
  }
  const route = parsed.kind;
  const entry = deps.admission.enter(chargedTo(deps, parsed, arrival));
  if (!entry.ok) return { ...refused(entry.refusal), route, isRoutine: !entry.isNews };
  try {
    return { ...(await serveRoute(deps, parsed, arrival)), route };
  } finally {
    entry.leave();
  }
}

function serveRoute(
  deps: ServeDeps,
  parsed: Exclude<ParsedRequest, { kind: "refused" }>,
  arrival: Arrival,
): Promise<Served> {
  switch (parsed.kind) {
    case "token":
      return serveToken(deps, parsed.request, arrival);
    case "hostToken":
      return serveHostToken(deps, parsed.request, parsed.pod, arrival);
    case "metadata":
      return serveMetadata(deps, parsed.request, arrival);
    default:
      return parsed satisfies never;
  }
}

/**
 * The source address, which is the pod's; what the node asks for a pod is charged to that pod, apart from its own. Whoever
 * only names a pod must not spend its budget.
 */
function chargedTo(
  deps: ServeDeps,
  parsed: Exclude<ParsedRequest, { kind: "refused" }>,
  arrival: Arrival,
): string {
  const isForPod = parsed.kind === "hostToken" && isOfNode(deps, arrival);
  return isForPod ? callerOf(deps, parsed.pod) : sourceOf(arrival);
}
