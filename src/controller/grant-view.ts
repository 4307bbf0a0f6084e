import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
} from "../engine/resources.ts";
import { defaultApprovalTimeout, lengthSeconds } from "../timebox/candidates.ts";
import { instantFromSeconds, parseInstant, toSeconds, type Instant } from "../timebox/instant.ts";
import { isObject } from "./json-shape.ts";

/** The names are those of the grant's CRD. */
type GrantState = "Pending" | "Scheduled" | "Active" | "Expired" | "TimedOut" | "Denied" | "Revoked" | "Void";

/** States that a grant does not leave, whoever may be believed. */
const endStates: ReadonlySet<unknown> = new Set<GrantState>([
  "Expired",
  "TimedOut",
  "Denied",
  "Revoked",
  "Void",
]);

/** Whether a state that was shown is the end of a grant. */
export function isEndState(state: unknown): boolean {
  return endStates.has(state);
}

export interface GrantView {
  readonly state: GrantState;
  readonly start: Instant | null;
  readonly until: Instant | null;
  /** When the state changes if nothing else does; null: never. */
  readonly changesAt: Instant | null;
}

interface Terms {
  readonly created: number;
  readonly approvals: number;
  readonly timeout: number;
  readonly length: number;
  readonly notBefore: number;
}

/**
 * What became of a grant, for people to see: the words of reference/time-boxes.md §2.4 again. Nothing decides by it;
 * a test holds it equal to the policy, which does. `votes` are the approvals that name the grant, of any uid.
 */
export function viewGrant(
  grant: AzureIdentityAccessGrant,
  binding: AzureIdentityBinding | undefined,
  allVotes: readonly AzureIdentityAccessApproval[],
  now: Instant,
): GrantView {
  const votes = allVotes.filter(
    ({ spec }) => spec.grantUID === grant.uid && spec.bindingName === grant.spec.bindingName,
  );
  if (grant.spec.revoked) return ended("Revoked");
  if (votes.some(({ spec }) => spec.decision === "Deny")) return ended("Denied");
  const terms = binding === undefined ? null : termsOf(grant, binding);
  if (terms === null) return ended("Void");
  const { created, timeout, length, notBefore } = terms;
  const deadline = created + timeout;
  const ready = readySeconds(grant, terms, votes);
  if (ready === null && toSeconds(now) <= deadline) {
    return view("Pending", { until: deadline, changesAt: deadline + 1 });
  }
  if (ready === null || ready > deadline) return view("TimedOut", { until: deadline });
  const start = Math.max(ready, notBefore);
  const until = start + length;
  if (toSeconds(now) < start) return view("Scheduled", { start, until, changesAt: start });
  if (toSeconds(now) < until) return view("Active", { start, until, changesAt: until });
  return view("Expired", { start, until });
}

/** Null when the grant can open nothing, whoever agrees. */
function termsOf(grant: AzureIdentityAccessGrant, binding: AzureIdentityBinding): Terms | null {
  const jit = binding.spec.timeBox?.["jit"];
  const created = secondsOf(grant.creationTimestamp);
  const bindingCreated = secondsOf(binding.creationTimestamp);
  if (!isObject(jit) || created === null || bindingCreated === null || created < bindingCreated) return null;
  const { approvals, maxDuration } = jit;
  const longest = lengthSeconds(maxDuration);
  const asked = lengthSeconds(grant.spec.for);
  const timeout = lengthSeconds(jit["approvalTimeout"] ?? defaultApprovalTimeout);
  const notBefore = grant.spec.notBefore === null ? created : secondsOf(grant.spec.notBefore);
  if (longest === undefined || asked === undefined || timeout === undefined || notBefore === null)
    return null;
  if (typeof approvals !== "number" || grant.spec.requester === "") return null;
  return { created, approvals, timeout, notBefore, length: Math.min(asked, longest) };
}

/** When enough others had agreed; null while they have not. */
function readySeconds(
  grant: AzureIdentityAccessGrant,
  { created, approvals }: Terms,
  votes: readonly AzureIdentityAccessApproval[],
): number | null {
  if (approvals === 0) return created;
  const firsts = new Map<string, number>();
  for (const { spec, creationTimestamp } of votes) {
    const agreed = secondsOf(creationTimestamp);
    const { approver, decision } = spec;
    if (agreed === null || decision !== "Approve" || approver === "" || approver === grant.spec.requester)
      continue;
    firsts.set(approver, Math.min(agreed, firsts.get(approver) ?? agreed));
  }
  const nth = [...firsts.values()].toSorted((a, b) => a - b)[approvals - 1];
  return nth === undefined ? null : Math.max(created, nth);
}

function ended(state: GrantState): GrantView {
  return view(state, {});
}

function view(
  state: GrantState,
  seconds: { readonly start?: number; readonly until?: number; readonly changesAt?: number },
): GrantView {
  return { state, start: at(seconds.start), until: at(seconds.until), changesAt: at(seconds.changesAt) };
}

function secondsOf(stamp: string | null): number | null {
  const instant = parseInstant(stamp ?? "");
  return instant === undefined ? null : toSeconds(instant);
}

function at(seconds: number | undefined): Instant | null {
  return seconds === undefined ? null : instantFromSeconds(seconds);
}
