import type { Subject } from "./action.ts";
import type { Cluster } from "./ports.ts";
import type { Problem } from "./problem.ts";

/**
 * Events as the reference writes them, because users search for these texts
 * (reference/aad-pod-identity.md §5.8).
 */
type Recorder = Pick<Cluster, "recordEvent">;

/** The identity is on the VM and the pod can have tokens while its box is open. */
export function recordApplied(recorder: Recorder, subject: Subject): void {
  const message = `Binding ${subject.binding} applied on node ${subject.node} for pod ${subject.object}`;
  recordOnBinding(recorder, subject, { type: "Normal", reason: "binding applied", message });
  const text = `assigned on node ${subject.node} for pod ${subject.pod}`;
  recordOnIdentity(recorder, subject, { type: "Normal", reason: "IdentityAssigned", message: text });
}

/** `detail` says what went wrong, in Azure's or the API server's words. */
export function recordApplyError(recorder: Recorder, subject: Subject, detail: string): void {
  const message = `failed to apply binding ${subject.binding} node ${subject.node} for pod ${subject.pod}, error: ${detail}`;
  recordOnBinding(recorder, subject, { type: "Warning", reason: "binding apply error", message });
  const text = `could not be assigned on node ${subject.node} for pod ${subject.pod}: ${detail}`;
  recordOnIdentity(recorder, subject, { type: "Warning", reason: "IdentityFailed", message: text });
}

/** The assigned identity is gone. */
export function recordRemoved(recorder: Recorder, subject: Subject): void {
  const message = `Binding ${subject.binding} removed from node ${subject.node} for pod ${subject.object}`;
  recordOnBinding(recorder, subject, { type: "Normal", reason: "binding removed", message });
  const text = `removed from node ${subject.node} for pod ${subject.pod}`;
  recordOnIdentity(recorder, subject, { type: "Normal", reason: "IdentityRemoved", message: text });
}

/** `detail` says what went wrong; the assigned identity stays and the removal is tried again. */
export function recordRemoveError(recorder: Recorder, subject: Subject, detail: string): void {
  const message = `failed to remove binding ${subject.binding} from node ${subject.node} for pod ${subject.pod}, error: ${detail}`;
  recordOnBinding(recorder, subject, { type: "Warning", reason: "binding remove error", message });
  const text = `could not be removed from node ${subject.node} for pod ${subject.pod}: ${detail}`;
  recordOnIdentity(recorder, subject, { type: "Warning", reason: "IdentityFailed", message: text });
}

/** The state `status` could not be written to the AzureAssignedIdentity. */
export function recordStatusError(recorder: Recorder, subject: Subject, status: string): void {
  recorder.recordEvent({
    kind: "AzureAssignedIdentity",
    key: subject.object,
    type: "Warning",
    reason: "status update error",
    message: `failed to update AzureAssignedIdentity ${subject.object} status to ${status} for pod ${subject.pod}`,
  });
}

/** A wish that cannot be fulfilled until somebody mends the object, or an object that cannot be removed. */
export function recordProblem(recorder: Recorder, problem: Problem): void {
  const reason = problem.kind === "AzureAssignedIdentity" ? "binding remove error" : "binding apply error";
  recorder.recordEvent({ ...problem, type: "Warning", reason });
}

interface Told {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Beside the reference's events: whoever owns the identity need not see the bindings. */
function recordOnIdentity(recorder: Recorder, { identity, pod }: Subject, event: Told): void {
  if (identity === null) return;
  recorder.recordEvent({
    kind: "AzureIdentity",
    key: identity,
    related: { kind: "Pod", key: pod },
    ...event,
  });
}

function recordOnBinding(recorder: Recorder, { binding, pod }: Subject, event: Told): void {
  // Objects of others may not say which binding made them: then there is nothing to tell it on.
  if (binding === null) return;
  const related = { kind: "Pod", key: pod } as const;
  recorder.recordEvent({ kind: "AzureIdentityBinding", key: binding, related, ...event });
}
