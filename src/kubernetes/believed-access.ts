import type { Log } from "../runtime/log.ts";
import type { Change, ResourceKinds, ResourceSource, UnbelievedGrants } from "./resource-source.ts";
import type { AzureIdentityAccessApproval, AzureIdentityAccessGrant } from "./resources.ts";
import { faultsInShort, type Vouching } from "./served-admission.ts";
import { createSubscribers } from "./subscribers.ts";

/** A source that shows the grants and approvals that can be believed, and keeps back the others. */
export interface BelievedAccess {
  readonly source: ResourceSource;
  /** From now on; those who follow the source hear of every object that may come or go by it. */
  believe(vouching: Vouching): void;
}

type AccessKind = "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval";
type Access = AzureIdentityAccessGrant | AzureIdentityAccessApproval;
const accessKinds: readonly AccessKind[] = ["AzureIdentityAccessGrant", "AzureIdentityAccessApproval"];

function isAccess(kind: keyof ResourceKinds): kind is AccessKind {
  return kind === "AzureIdentityAccessGrant" || kind === "AzureIdentityAccessApproval";
}

/**
 * Shows none of the grants and approvals of `source` until told whose to believe: without admission policies their names
 * are what anybody typed, and a grant that is not shown can open nothing (reference/time-boxes.md §2.4).
 */
export function createBelievedAccess(source: ResourceSource, log: Log): BelievedAccess {
  let vouching: Vouching = { inForce: false, faults: ["the admission policies have not been read yet"] };
  const subscribers = createSubscribers(log);
  const shown: { readonly [K in AccessKind]: (vouching: Vouching) => readonly ResourceKinds[K][] } = {
    AzureIdentityAccessGrant: createShown(() => source.list("AzureIdentityAccessGrant")),
    AzureIdentityAccessApproval: createShown(() => source.list("AzureIdentityAccessApproval")),
  };
  const subscribe: ResourceSource["subscribe"] = (listener) => {
    const stops = [subscribers.add(listener), source.subscribe(listener)];
    return () => {
      for (const stop of stops) stop();
    };
  };
  return {
    source: {
      ...source,
      list: (kind) => (isAccess(kind) ? shown[kind](vouching) : source.list(kind)),
      get: (kind, key) => {
        const object = source.get(kind, key);
        return object === undefined || !isAccess(kind) || isVouchedFor(vouching, object) ? object : undefined;
      },
      subscribe,
      unbelieved: unbelievedOf(source, () => vouching),
    },
    believe: (next) => {
      if (JSON.stringify(next) === JSON.stringify(vouching)) return;
      vouching = next;
      subscribers.notify(
        accessKinds.flatMap((kind) =>
          source.list(kind).map(({ namespace, name }): Change => ({ kind, key: `${namespace}/${name}` })),
        ),
      );
    },
  };
}

function unbelievedOf(source: ResourceSource, now: () => Vouching): UnbelievedGrants {
  return {
    list: () => source.list("AzureIdentityAccessGrant").filter((grant) => !isVouchedFor(now(), grant)),
    get: (key) => {
      const grant = source.get("AzureIdentityAccessGrant", key);
      if (grant === undefined || isVouchedFor(now(), grant)) return undefined;
      return { grant, why: whyNot(now(), grant) };
    },
  };
}

/** What is to be shown of a list; the same answer until either changes, since each question to the policy asks. */
function createShown<T extends Access>(all: () => readonly T[]): (vouching: Vouching) => readonly T[] {
  let known: { readonly from: readonly T[]; readonly by: Vouching; readonly shown: readonly T[] } | undefined;
  return (by) => {
    const from = all();
    if (known?.from !== from || known.by !== by) {
      known = { from, by, shown: from.filter((object) => isVouchedFor(by, object)) };
    }
    return known.shown;
  };
}

function isVouchedFor(vouching: Vouching, object: ResourceKinds[keyof ResourceKinds]): boolean {
  if (!vouching.inForce || !("creationTimestamp" in object)) return false;
  // A Deny ends a grant and opens nothing; it may not go because API servers' clocks differ.
  if ("decision" in object.spec && object.spec.decision === "Deny") return true;
  return createdMs(object) > vouching.afterMs;
}

function createdMs({ creationTimestamp }: { readonly creationTimestamp: string | null }): number {
  if (creationTimestamp === null) return Number.NEGATIVE_INFINITY;
  return Temporal.Instant.from(creationTimestamp).epochMilliseconds;
}

function whyNot(vouching: Vouching, { creationTimestamp }: AzureIdentityAccessGrant): string {
  if (!vouching.inForce) {
    return `no admission policy of podid vouches for who asked: ${faultsInShort(vouching.faults)}`;
  }
  const after = Temporal.Instant.fromEpochMilliseconds(vouching.afterMs).toString({ smallestUnit: "second" });
  return (
    `admission policies vouch for who asked since ${after} alone, and this was asked at ${creationTimestamp}: ` +
    "ask again with a new grant"
  );
}
