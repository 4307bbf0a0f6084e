import type { JsonObject } from "../../../src/engine/resources.ts";
import { dailyWindow } from "../../unit/controller/objects.ts";

/** The time boxes that bindings have; the world begins at noon. */
const boxes: Readonly<Record<string, JsonObject | null>> = {
  none: null,
  soon: dailyWindow("12:10", "12:30", { keepIfReopensWithin: "0s" }),
  ending: dailyWindow("11:00", "12:05", { keepIfReopensWithin: "0s" }),
  kept: dailyWindow("11:00", "12:05"),
  never: dailyWindow("03:00", "03:30", { keepIfReopensWithin: "0s", leadTime: "0s" }),
};

export const boxNames: readonly string[] = Object.keys(boxes);

/** What stands in `spec.timeBox`. */
export function timeBoxOf(name: string): { readonly timeBox?: JsonObject } {
  const timeBox = boxes[name] ?? null;
  return timeBox === null ? {} : { timeBox };
}
