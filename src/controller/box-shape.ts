import type { JsonObject } from "../engine/resources.ts";
import { objectsIn } from "./json-shape.ts";

/** What is read of a time box for its display alone; whether it is open is for the policy to say. */

/** Whether one of its durations is counted from the start of each pod. */
export function countsFromPodStart(timeBox: JsonObject | null): boolean {
  return objectsIn(timeBox?.["durations"]).some(({ from }) => from === "PodStart");
}

/** What opens a box that is open (reference/time-boxes.md §2.6). Where a window and a grant both may, a grant that is active is named. */
export function openerOf(timeBox: JsonObject | null, hasActiveGrant: boolean): string {
  const mode = timeBox?.["openWhen"];
  switch (typeof mode === "string" ? mode : "Always") {
    case "Schedule":
      return "InWindow";
    case "Grant":
    case "ScheduleAndGrant":
      return "Granted";
    case "ScheduleOrGrant":
      return hasActiveGrant ? "Granted" : "InWindow";
    default:
      return objectsIn(timeBox?.["durations"]).length > 0 ? "DurationRunning" : "NotLimited";
  }
}
