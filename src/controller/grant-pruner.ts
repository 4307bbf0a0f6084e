import { keyOf, bindingOf, grantOf } from "../engine/cluster-document.ts";
import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  Key,
} from "../engine/resources.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { instantFromMs, parseInstant, toSeconds, type Instant } from "../timebox/instant.ts";
import { viewGrant } from "./grant-view.ts";

/** A grant or approval that is to be deleted, and no other that took its name. */
export interface AccessRecord {
  readonly kind: "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval";
  readonly key: Key;
  readonly uid: string;
}

/** Where grants and approvals are; src/kubernetes' ResourceSource fits by shape. */
export interface AccessRecords {
  list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  get(kind: "AzureIdentityBinding", key: Key): AzureIdentityBinding | undefined;
  /** Grants that `list` does not show; they end as others do. */
  readonly unbelieved?: { list(): readonly AzureIdentityAccessGrant[] };
  /** Gone already, or replaced by one with another uid, is success. */
  deleteAccessRecord(record: AccessRecord): Promise<void>;
}

const lookEveryMs = 60 * 60 * 1000;
/** An hour's work at most, so that a long neglected cluster is not flooded with deletions. */
const mostPerLook = 500;

/**
 * Deletes grants that ended longer than `retentionMs` ago, and then their approvals, at once and every hour,
 * until the returned function is called (reference/time-boxes.md §2.7 "Deletion"). The audit stream is the record.
 */
export function startGrantPruner(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: AccessRecords;
  readonly retentionMs: number;
}): Cancel {
  const { clock, log, records, retentionMs } = deps;
  let isStopped = false;

  const prune = async (): Promise<void> => {
    const found = findPrunable(records, instantFromMs(clock.nowMs()), retentionMs).slice(0, mostPerLook);
    let pruned = 0;
    for (const record of found) {
      if (isStopped) return;
      try {
        // oxlint-disable-next-line no-await-in-loop -- nobody waits for them, so they come one by one
        await records.deleteAccessRecord(record);
        pruned += 1;
      } catch (error) {
        log.warn({ kind: record.kind, object: record.key, error }, "an ended grant could not be pruned");
        return;
      }
    }
    if (pruned > 0) log.info({ pruned, left: found.length - pruned }, "ended grants pruned");
  };
  const look = (): void => {
    cancel = clock.after(lookEveryMs, look);
    void prune();
  };
  let cancel = clock.after(0, look);
  return () => {
    isStopped = true;
    cancel();
  };
}

/**
 * What may go, grants first. An approval goes once no grant has its grant's name: deleting a Deny before would
 * revive what it denied.
 */
export function findPrunable(
  records: Omit<AccessRecords, "deleteAccessRecord">,
  now: Instant,
  retentionMs: number,
): readonly AccessRecord[] {
  const grants = [...records.list("AzureIdentityAccessGrant"), ...(records.unbelieved?.list() ?? [])];
  const approvals = records.list("AzureIdentityAccessApproval");
  const votes = Map.groupBy(approvals, grantOf);
  const beforeSeconds = toSeconds(now) - retentionMs / 1000;
  const names = new Set(grants.map(keyOf));
  const endedGrants = grants.filter((grant) => {
    const binding = records.get("AzureIdentityBinding", bindingOf(grant));
    const { changesAt, until } = viewGrant(grant, binding, votes.get(keyOf(grant)) ?? [], now);
    if (changesAt !== null) return false;
    // Who ended one early is not told with a server's time: it counts from when it was made.
    const endedSeconds = Math.max(createdSeconds(grant), until === null ? 0 : toSeconds(until));
    return endedSeconds <= beforeSeconds;
  });
  const orphans = approvals.filter(
    (approval) => !names.has(grantOf(approval)) && createdSeconds(approval) <= beforeSeconds,
  );
  return [
    ...endedGrants.map((grant) => recordOf("AzureIdentityAccessGrant", grant)),
    ...orphans.map((approval) => recordOf("AzureIdentityAccessApproval", approval)),
  ];
}

/** Without a time it was never stored by a server: never prune it. */
function createdSeconds({ creationTimestamp }: { readonly creationTimestamp: string | null }): number {
  const created = parseInstant(creationTimestamp ?? "");
  return created === undefined ? Number.POSITIVE_INFINITY : toSeconds(created);
}

function recordOf(
  kind: AccessRecord["kind"],
  object: { readonly namespace: string; readonly name: string; readonly uid: string },
): AccessRecord {
  return { kind, key: keyOf(object), uid: object.uid };
}
