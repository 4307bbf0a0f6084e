import type { Pod } from "../engine/resources.ts";
import { isOver, isPlaced } from "./caller.ts";
import { attemptKnow, isPod, sourceOf, waitFor, type FindCallerDeps, type Found } from "./find-caller.ts";
import type { Step } from "./hold.ts";
import type { IssueDeps } from "./issue.ts";
import { refuse } from "./refusals.ts";
import type { NamedPod } from "./request.ts";
import type { TokenRequest } from "./request-query.ts";
import { hostTokenAnswer } from "./response.ts";
import { refused, type Arrival, type Served } from "./served.ts";
import { denied, issue, issued, wordsOf } from "./token-route.ts";

export interface HostRouteDeps extends IssueDeps, FindCallerDeps {
  /** Serve pods of this node only; null: of all nodes. */
  readonly node: string | null;
}

const loopbacks: ReadonlySet<string> = new Set(["127.0.0.1", "::1"]);

/**
 * Serves a process of the node, such as the CSI driver's Key Vault provider, that asks for the token of a pod of this
 * node: same policy and same waiting as if the pod asked, but for exceptions, which are about what pods themselves
 * reach (reference/azure.md §1.6, aad-pod-identity.md §2.4).
 */
export async function serveHostToken(
  deps: HostRouteDeps,
  request: TokenRequest,
  named: NamedPod,
  arrival: Arrival,
): Promise<Served> {
  const { arrivedMs, gone } = arrival;
  const { resource } = request;
  if (!isOfNode(deps, arrival)) return refused(refuse("denied", "NotFromNode"));
  const found = await waitFor(deps, callerOf(deps, named), gone, () => attemptFind(deps, named, arrivedMs));
  if (!found.ok) return { ...refused(found.refusal), resource };
  const { pod, current: currentPod } = found;
  const verdict = await issue(deps, callerOf(deps, named), { request, arrivedMs, currentPod }, gone);
  if (!verdict.ok) return { ...denied(verdict), pod, resource };
  return { ...issued(verdict.issued, hostTokenAnswer(wordsOf(verdict.issued, resource))), pod, resource };
}

/** No address and no pod's key. */
const nodeItself = "node";

/**
 * By what name the caps count such a request: by the pod, since all of them come from one address. Names of pods that do
 * not live here cost whoever invents them nothing, so all of those count as one caller: the node itself. Until we know who
 * lives here, each name counts.
 */
export function callerOf(
  deps: Pick<HostRouteDeps, "resources" | "node" | "clock" | "isSynced">,
  named: NamedPod,
): string {
  const isInvented = deps.isSynced() && livePod(deps, named) === null;
  return isInvented ? nodeItself : `${named.namespace}/${named.name}`;
}

/** Nothing but the node has a loopback address as its source; should a pod have one, it is a pod. */
export function isOfNode({ callers }: Pick<HostRouteDeps, "callers">, arrival: Arrival): boolean {
  const address = sourceOf(arrival);
  return loopbacks.has(address) && callers.find(address).kind !== "pod";
}

function attemptFind(deps: HostRouteDeps, named: NamedPod, arrivedMs: number): Step<Found> {
  const blind = attemptKnow(deps, arrivedMs);
  if (blind !== null) return blind;
  const pod = livePod(deps, named);
  if (pod === null) {
    const refusal = refuse("unknownCaller", "UnknownPod");
    return { kind: "hold", refusal, untilMs: arrivedMs + deps.holdUnknownCallerMs, isNews: isPod };
  }
  const current = (): Pod | null => {
    const now = livePod(deps, named);
    return now?.uid === pod.uid ? now : null;
  };
  return { kind: "done", value: { ok: true, pod, current } };
}

function livePod(
  { resources, node, clock }: Pick<HostRouteDeps, "resources" | "node" | "clock">,
  { namespace, name }: NamedPod,
): Pod | null {
  const pod = resources.get("Pod", `${namespace}/${name}`);
  return pod !== undefined && isPlaced(pod, node) && !isOver(pod, clock.nowMs()) ? pod : null;
}
