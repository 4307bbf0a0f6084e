import type { Cluster, Compute, ComputeResult } from "../../controller/ports.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import type { Cancel, Clock } from "../../runtime/clock.ts";
import type { Elect } from "./source.ts";

/** Whether this process may act. */
export interface Leadership {
  /** Computed anew each time, so that it is right also when the process stood still in between. */
  readonly isLeader: () => boolean;
  /** Aborts when nothing new may begin: leadership is lost, or the process is to end. Aborted before the first time. */
  readonly leading: () => AbortSignal;
}

/** What is on its way when leading ends has this long to arrive; then it is cut off, and its outcome is unknown. */
const graceMs = 500;

/** `elect`, and the leadership that it gives. */
export function followLeadership(
  elect: Elect,
  isLeader: () => boolean,
): Leadership & { readonly elect: Elect } {
  let leading = AbortSignal.abort(notLeading());
  return {
    isLeader,
    leading: () => leading,
    elect: (signal, lead) =>
      elect(signal, (until) => {
        leading = until;
        return lead(until);
      }),
  };
}

/** @throws when no effect may begin now. */
export function demandLead({ isLeader, leading }: Leadership): void {
  if (leading().aborted || !isLeader()) throw notLeading();
}

/**
 * `api`, whose writes go out while we lead: the API does not fence a leader that stood still, so each is asked for when
 * all waiting is over (reference/kubernetes.md §5.3). What waits is dropped when leading ends. Reads go through.
 */
export function fenceApi(api: KubernetesApi, leadership: Leadership, clock: Clock): KubernetesApi {
  const duringLead = createFence(leadership, clock);
  return {
    ...api,
    call: async (call) => {
      if (call.method === "GET") return api.call(call);
      let isOnItsWay = false;
      return duringLead(
        () => (isOnItsWay ? graceMs : 0),
        (until, demand) => {
          const signal = call.signal === undefined ? until : AbortSignal.any([call.signal, until]);
          const beforeSend = (): void => {
            demand();
            isOnItsWay = true;
          };
          return api.call({ ...call, signal, beforeSend });
        },
      );
    },
  };
}

/** The changes of machines, while we lead. Reads go through. */
export function fenceCompute(compute: Compute, leadership: Leadership): Compute {
  return {
    getIdentities: (target, signal) => compute.getIdentities(target, signal),
    changeIdentities: async (target, change, signal) => {
      try {
        demandLead(leadership);
      } catch {
        return changedByAnother;
      }
      return compute.changeIdentities(target, change, AbortSignal.any([signal, leadership.leading()]));
    },
  };
}

const changedByAnother: ComputeResult = {
  ok: false,
  failure: {
    kind: "unavailable",
    retryAfterSeconds: null,
    identities: [],
    detail: notLeading().message,
  },
};

/** The writes of `cluster`, while we lead; later ones reject, and so do those that wait for what they wrote to come back. */
export function fenceCluster(cluster: Cluster, leadership: Leadership, clock: Clock): Cluster {
  const duringLead = createFence(leadership, clock);
  const leading = <T>(write: () => Promise<T>): Promise<T> =>
    duringLead(
      () => graceMs,
      (until) => Promise.race([write(), whenAborted(until)]),
    );
  return {
    ...cluster,
    createAssignedIdentity: (object) => leading(() => cluster.createAssignedIdentity(object)),
    replaceAssignedIdentity: (object) => leading(() => cluster.replaceAssignedIdentity(object)),
    patchAssignedIdentityStatus: (key, patch) =>
      leading(() => cluster.patchAssignedIdentityStatus(key, patch)),
    applyBindingStatus: (key, status) => leading(() => cluster.applyBindingStatus(key, status)),
    applyGrantStatus: (key, status) => leading(() => cluster.applyGrantStatus(key, status)),
    deleteAssignedIdentity: (key) => leading(() => cluster.deleteAssignedIdentity(key)),
  };
}

/** Runs `effect` with a signal that aborts `patienceMs` after this time in office; a later one is none of its. */
type DuringLead = <T>(
  patienceMs: () => number,
  effect: (until: AbortSignal, demand: () => void) => Promise<T>,
) => Promise<T>;

function createFence({ isLeader, leading }: Leadership, clock: Clock): DuringLead {
  const onceOver = createOfficeEnds();
  return async (patienceMs, effect) => {
    const office = leading();
    const demand = (): void => demandLead({ isLeader, leading: () => office });
    demand();
    const cut = new AbortController();
    let cancel: Cancel | undefined;
    const forget = onceOver(office, () => {
      const leftMs = patienceMs();
      if (leftMs === 0) cut.abort(notLeading());
      else cancel = clock.after(leftMs, () => cut.abort(notLeading()));
    });
    try {
      return await effect(cut.signal, demand);
    } finally {
      forget();
      cancel?.();
    }
  };
}

/** Tells many of the end of one office: a signal looks through all its listeners whenever one is added. */
function createOfficeEnds(): (office: AbortSignal, onEnd: () => void) => Cancel {
  const waiting = new WeakMap<AbortSignal, Set<() => void>>();
  const startWaiting = (office: AbortSignal): Set<() => void> => {
    const listeners = new Set<() => void>();
    waiting.set(office, listeners);
    office.addEventListener("abort", () => listeners.forEach((tell) => tell()), { once: true });
    return listeners;
  };
  return (office, onEnd) => {
    const listeners = waiting.get(office) ?? startWaiting(office);
    listeners.add(onEnd);
    return () => void listeners.delete(onEnd);
  };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(notLeading()), { once: true });
  });
}

function notLeading(): Error {
  return new Error("another controller leads now");
}
