import type { Admission } from "./admission.ts";
import { sourceOf } from "./find-caller.ts";
import type { FloodPause } from "./flood-pause.ts";
import { callerOf, isOfNode, serveHostToken, type HostRouteDeps } from "./host-route.ts";
import { serveMetadata, type MetadataRouteDeps } from "./metadata-route.ts";
import { parseRequest, type ParsedRequest, type RequestTerms } from "./request.ts";
import { refused, type Arrival, type Served } from "./served.ts";
import { serveToken, type TokenRouteDeps } from "./token-route.ts";

export interface ServeDeps extends TokenRouteDeps, HostRouteDeps, MetadataRouteDeps {
  readonly terms: RequestTerms;
  readonly admission: Admission;
  /** Of probes for the service, which are many and cost little. */
  readonly probeAdmission: Admission;
  readonly floodPause: FloodPause;
  readonly probePause: FloodPause;
}

/** Serves one request, whatever it is: read once, then let in or refused, then answered by its route. */
export async function serveRequest(deps: ServeDeps, arrival: Arrival): Promise<Served> {
  const parsed = parseRequest(arrival.raw, deps.terms);
  if (parsed.kind === "refused") return refuseUnread(deps, parsed, arrival);
  const route = parsed.kind;
  const caller = chargedTo(deps, parsed, arrival);
  const entry = deps.admission.enter(caller);
  if (!entry.ok) {
    return afterPause(deps.floodPause, caller, { ...tooMany(entry), route }, arrival);
  }
  try {
    return { ...(await serveRoute(deps, parsed, arrival)), route };
  } finally {
    entry.leave();
  }
}

/**
 * What was refused while it was read is charged to its source. A probe is told the same however many there are, since
 * its 400 must not become a 429 (reference/azure.md §1.2).
 */
async function refuseUnread(
  deps: ServeDeps,
  { route, refusal }: Extract<ParsedRequest, { kind: "refused" }>,
  arrival: Arrival,
): Promise<Served> {
  const isProbe = refusal.kind === "metadataHeaderMissing";
  const source = sourceOf(arrival);
  const [admission, pause] = isProbe
    ? [deps.probeAdmission, deps.probePause]
    : [deps.admission, deps.floodPause];
  const entry = admission.enter(source);
  const served = { ...refused(refusal), route, isRoutine: isProbe };
  if (entry.ok) {
    entry.leave();
    return served;
  }
  return afterPause(pause, source, isProbe ? served : { ...tooMany(entry), route }, arrival);
}

function tooMany({ refusal, isNews }: Extract<ReturnType<Admission["enter"]>, { ok: false }>): Served {
  return { ...refused(refusal), isRoutine: !isNews };
}

async function afterPause(
  pause: FloodPause,
  caller: string,
  served: Served,
  { gone }: Arrival,
): Promise<Served> {
  if (await pause.wait(caller, gone)) return served;
  const { answer } = served;
  return { ...served, answer: { ...answer, headers: { ...answer.headers, connection: "close" } } };
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
