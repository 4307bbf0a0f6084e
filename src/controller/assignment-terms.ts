import type { JsonObject, JsonValue } from "../engine/resources.ts";

/** How early an identity goes onto the VM and how long it may stay over a closed box. */
export interface AssignmentTerms {
  readonly leadTimeSeconds: number;
  readonly keepIfReopensWithinSeconds: number;
}

const defaults: AssignmentTerms = { leadTimeSeconds: 180, keepIfReopensWithinSeconds: 26 * 3600 };

/** Hours, minutes, seconds in this order, each at most once (reference/time-boxes.md §2.2). */
const durationForm = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/**
 * Reads `spec.timeBox.assignment` of a binding (reference/time-boxes.md §2.1, §3.6); what is absent
 * or malformed has its default. These two fields restrict nothing: they only time the work on ARM.
 */
export function readAssignmentTerms(timeBox: JsonObject | null): AssignmentTerms {
  const assignment = timeBox?.["assignment"];
  if (!isObject(assignment)) return defaults;
  return {
    leadTimeSeconds: readSeconds(assignment["leadTime"]) ?? defaults.leadTimeSeconds,
    keepIfReopensWithinSeconds:
      readSeconds(assignment["keepIfReopensWithin"]) ?? defaults.keepIfReopensWithinSeconds,
  };
}

function readSeconds(value: JsonValue | undefined): number | null {
  if (typeof value !== "string" || value === "") return null;
  const parts = durationForm.exec(value);
  if (parts === null) return null;
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
