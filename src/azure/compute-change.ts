import { type Clock, delay } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import type { ArmClient } from "./arm-client.ts";
import { followOperation } from "./arm-operation.ts";
import { measured, type OnOperation } from "./compute-operations.ts";
import {
  type ComputeFailure,
  type ComputeResult,
  isOutdatedEtag,
  thrownFailure,
  unknownOutcome,
} from "./compute-result.ts";
import { AzureError } from "./errors.ts";
import type { ForeignFinder } from "./foreign-identities.ts";
import {
  addedBy,
  formPatch,
  type IdentityChange,
  type IdentityPatch,
  keptIdentities,
  type MachineIdentity,
  openChange,
  sizeOf,
} from "./identity-patch.ts";
import type { IsImmutable } from "./immutable-identities.ts";
import type { MachineRead } from "./recent-reads.ts";
import type { SettledMachines } from "./settled-machines.ts";
import type { VmId } from "./vm-id.ts";

/** What every step on one target needs. */
export interface Call {
  readonly arm: ArmClient;
  readonly clock: Clock;
  /** The resource id of the machine, and the same in parts. */
  readonly target: string;
  readonly vm: VmId;
  readonly settled: SettledMachines;
  readonly foreign: ForeignFinder;
  readonly signal: AbortSignal;
  readonly isImmutable: IsImmutable;
  /** Asked right before each write: a controller that stood still may not lead any more (reliability.md ST6). */
  readonly mayWrite: () => boolean;
  readonly onOperation: OnOperation;
  /** 0..1; spreads waits. */
  readonly random: () => number;
}

/** ARM answers plain calls within seconds; a call that takes longer is as good as lost. */
const callLimitMs = 60_000;
/** Conflicts are waited out this often, then the target makes room for others (reliability.md Z2). */
const mostConflicts = 5;
const firstConflictWaitMs = 1_000;
/** Who is asked to wait longer than this comes back later. */
const longestConflictWaitMs = 20_000;
/** How soon to look again at a machine that is being deleted, which takes ARM minutes. */
const deletingRetrySeconds = 30;

/** Reads the identities of the machine: one request. */
export async function read(call: Call): Promise<MachineIdentity> {
  const { arm, clock, vm, signal, settled, foreign, target } = call;
  const machine = await measured({ ...call, verb: "get" }, () =>
    withDeadline(clock, callLimitMs, signal, (bounded) => arm.readIdentity(vm, bounded)),
  );
  settled.seen(target, machine);
  foreign.look(machine);
  return machine;
}

/**
 * Brings the machine to what `change` says, in as many requests as it takes. Begins with what was read a moment ago
 * (`recent`) or reads, and reads again after each request: after an unknown outcome the same change may be half done or
 * done (reliability.md Z3).
 */
export async function applyChange(
  call: Call,
  change: IdentityChange,
  recent: MachineRead | null,
): Promise<ComputeResult> {
  const isOpen = (machine: MachineIdentity): boolean =>
    sizeOf(openChange(machine, change, call.isImmutable)) > 0;
  // That nothing is left to do, ARM has to say now.
  let current = recent !== null && isOpen(recent) ? recent : await read(call);
  for (let conflicts = 0; ;) {
    const open = openChange(current, change, call.isImmutable);
    const isSo = sizeOf(open) === 0;
    if (isSo && call.settled.has(call.target)) return succeeded(call, current, change);
    // What was not read in this call, ARM has not said now.
    const known = current === recent ? null : current;
    if (current.isDeleting) return failed(call, deletingFailure, known);
    if (!call.mayWrite()) return failed(call, unknownOutcome("another controller leads now"), known);
    // oxlint-disable-next-line no-await-in-loop -- each request needs the state the last one left
    const sent = isSo ? notSettled : await sendChange(call, current, open, recent);
    const { failure } = sent;
    if (failure !== null && !sent.isOutdated) {
      const waitMs = conflictWaitMs(call, failure, conflicts);
      const untouched = sent.isUntouched ? known : null;
      // oxlint-disable-next-line no-await-in-loop -- see above
      if (waitMs === null) return failed(call, failure, untouched ?? (await readIfPossible(call)));
      // oxlint-disable-next-line no-await-in-loop -- see above
      await delay(call.clock, waitMs, call.signal);
      conflicts += 1;
    }
    // oxlint-disable-next-line no-await-in-loop -- see above
    current = await read(call);
    const isStuck = sizeOf(openChange(current, change, call.isImmutable)) >= sizeOf(open);
    if (failure === null && isStuck) return failed(call, noEffect, current);
  }
}

interface Sent {
  readonly failure: ComputeFailure | null;
  /** ARM said no at once, or was not asked, so that the machine is what it was. */
  readonly isUntouched: boolean;
  /** It said no only because somebody changed the machine since it was read. */
  readonly isOutdated: boolean;
}

/** Sends one request and follows its operation. @throws the signal's reason. */
async function sendChange(
  call: Call,
  current: MachineIdentity,
  open: IdentityChange,
  recent: MachineRead | null,
): Promise<Sent> {
  const { arm, clock, vm, signal, settled, foreign, target } = call;
  const wasSettled = settled.has(target);
  const sent = [...open.add, ...open.remove];
  const patch = patchFor(call, current, open, recent);
  settled.sending(target);
  const patchAndFollow = async (): Promise<ComputeFailure | null> => {
    const started = await withDeadline(clock, callLimitMs, signal, (bounded) =>
      arm.patchIdentity(vm, patch, bounded),
    );
    return followOperation({ ...call, started, sent });
  };
  const terms = { ...call, verb: "update" } as const;
  try {
    const failure = await measured(terms, patchAndFollow, (ended) => ended !== null);
    foreign.sent(addedBy(patch));
    return { failure, isUntouched: false, isOutdated: false };
  } catch (thrown) {
    const failure = thrownFailure(thrown, clock.nowMs(), sent);
    // Without a login, or the lease, nothing went out.
    const isUnsent = thrown instanceof AzureError;
    const isUntouched = isUnsent || (failure.kind !== "unavailable" && !signal.aborted);
    if (isUntouched && wasSettled) settled.seen(target, { isUpdating: false });
    if (!isUntouched) foreign.sent(addedBy(patch));
    signal.throwIfAborted();
    return { failure, isUntouched, isOutdated: current === recent && isOutdatedEtag(thrown) };
  }
}

/**
 * A read of some time ago may be outdated in ways that a merge would undo. Whose an identity is that is to be added, can be
 * told as long as nobody has added it since the read.
 */
function patchFor(
  { foreign }: Call,
  current: MachineIdentity,
  open: IdentityChange,
  recent: MachineRead | null,
): IdentityPatch {
  const patch = formPatch(current, open);
  const isFirm = current === recent || foreign.isSeeking();
  return isFirm && current.etag !== undefined ? { ...patch, ifMatch: current.etag } : patch;
}

/** How long to wait before the machine is read and tried again; null when it is for the caller to come back. */
function conflictWaitMs({ random }: Call, failure: ComputeFailure, conflicts: number): number | null {
  if (failure.kind !== "conflict" || conflicts >= mostConflicts) return null;
  const backoffMs = Math.round(firstConflictWaitMs * 2 ** conflicts * (1 - random() / 4));
  const waitMs = Math.max(backoffMs, (failure.retryAfterSeconds ?? 0) * 1000);
  return waitMs > longestConflictWaitMs ? null : waitMs;
}

async function readIfPossible(call: Call): Promise<MachineIdentity | null> {
  try {
    return await read(call);
  } catch {
    call.signal.throwIfAborted();
    return null; // what went wrong before says more
  }
}

const deletingFailure: ComputeFailure = {
  kind: "deleting",
  retryAfterSeconds: deletingRetrySeconds,
  identities: [],
  detail: "Azure is deleting the machine, so that nothing was sent",
};
/** What the machine shows may be about to change. */
const notSettled: Sent = {
  failure: {
    ...unknownOutcome("a change that was sent before may still be running on the machine"),
    kind: "conflict",
  },
  isUntouched: true,
  isOutdated: false,
};
const noEffect = unknownOutcome("ARM accepted the change but the machine does not show it");

function failed(call: Call, failure: ComputeFailure, current: MachineIdentity | null): ComputeResult {
  const isKnown = current !== null && call.settled.has(call.target);
  return { ok: false, failure, ...(isKnown ? { identities: current.userAssigned } : {}) };
}

function succeeded(call: Call, current: MachineIdentity, change: IdentityChange): ComputeResult {
  const kept = keptIdentities(current, change, call.isImmutable);
  return { ok: true, identities: current.userAssigned, ...(kept.length === 0 ? {} : { kept }) };
}
