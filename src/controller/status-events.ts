import type { JsonObject, JsonValue, Key } from "../engine/resources.ts";
import { isObject, objectsIn } from "./json-shape.ts";
import type { Cluster } from "./ports.ts";

/**
 * Events of flips, by what an object showed and what it shows now (reference/time-boxes.md §5). Their texts name no
 * times, so that repetitions are counted as such.
 */
type Recorder = Pick<Cluster, "recordEvent">;

/** A binding that showed nothing is new, or new to podid: only that it is malformed is worth telling. */
export function recordBindingFlip(
  recorder: Recorder,
  key: Key,
  before: JsonObject | undefined,
  after: JsonObject,
): void {
  const record = (type: "Normal" | "Warning", reason: string, message: string): void =>
    recorder.recordEvent({ kind: "AzureIdentityBinding", key, type, reason, message });
  const wasValid = conditionOf(before, "TimeBoxValid")?.["status"] !== "False";
  const valid = conditionOf(after, "TimeBoxValid");
  if (wasValid && valid?.["status"] === "False") {
    record("Warning", "TimeBoxInvalid", `the time box stays closed: ${textOf(valid["message"])}`);
  }
  const was = boxOf(before)["inForce"];
  const { inForce, reason } = boxOf(after);
  if (was === "No" && inForce === "Yes") record("Normal", "TimeBoxOpened", `in force: ${textOf(reason)}`);
  if (was === "Yes" && inForce === "No")
    record("Normal", "TimeBoxClosed", `not in force any more: ${textOf(reason)}`);
}

const grantEvents: Readonly<Record<string, readonly [string, string]>> = {
  Scheduled: ["GrantApproved", "access is approved and begins later"],
  Active: ["GrantActivated", "access has begun"],
  Expired: ["GrantExpired", "access has ended"],
  TimedOut: ["GrantExpired", "it was not approved in time"],
  Denied: ["GrantDenied", "access was denied"],
  Revoked: ["GrantRevoked", "access was revoked"],
};

/** `isNew`: the grant came while we looked on; one that shows nothing and was there before is old news. */
export function recordGrantFlip(
  recorder: Recorder,
  grant: { readonly key: Key; readonly requester: string; readonly needsApproval: boolean },
  before: JsonObject | undefined,
  after: JsonObject,
  isNew: boolean,
): void {
  const { key, requester, needsApproval } = grant;
  const record = (reason: string, message: string): void =>
    recorder.recordEvent({ kind: "AzureIdentityAccessGrant", key, type: "Normal", reason, message });
  const was = before?.["state"];
  const state = after["state"];
  if (was === undefined && !isNew) return;
  if (was === undefined) record("GrantRequested", `${requester} asks for access`);
  if (typeof state !== "string" || was === state) {
    if (state === "Active" && isEarlier(after["until"], before?.["until"])) {
      record("GrantShortened", "access ends earlier than before");
    }
    return;
  }
  const isApproval = state === "Active" && was !== "Scheduled" && needsApproval;
  if (isApproval) record("GrantApproved", "access is approved");
  const [reason, message] = grantEvents[state] ?? [];
  if (reason !== undefined && message !== undefined) record(reason, message);
}

/** Once for each time that a grant stops being believed, also for one that was there before us. */
export function recordUnbelieved(
  recorder: Recorder,
  key: Key,
  before: JsonObject | undefined,
  after: JsonObject,
): void {
  if (after["state"] !== "NotBelieved" || before?.["state"] === "NotBelieved") return;
  recorder.recordEvent({
    kind: "AzureIdentityAccessGrant",
    key,
    type: "Warning",
    reason: "GrantNotBelieved",
    message: "it counts for nothing, since nobody vouches for who wrote it; status.message says why",
  });
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function isEarlier(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" && a < b;
}

function boxOf(status: JsonObject | undefined): JsonObject {
  return isObject(status?.["timeBox"]) ? status["timeBox"] : {};
}

function conditionOf(status: JsonObject | undefined, type: string): JsonObject | undefined {
  return objectsIn(status?.["conditions"]).find((condition) => condition["type"] === type);
}
