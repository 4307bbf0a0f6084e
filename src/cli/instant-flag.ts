import type { Clock } from "../runtime/clock.ts";
import { instantFromMs, parseInstant, type Instant } from "../timebox/instant.ts";
import { CommandError } from "./errors.ts";

/**
 * The instant that `flag` (such as `--at`) was given: RFC 3339, or `now`.
 * @throws CommandError 2 for any other text.
 */
export function readInstant(flag: string, text: string, clock: Clock): Instant {
  if (text === "now") return instantFromMs(clock.nowMs());
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new CommandError(2, `${flag} ${text}: give an RFC 3339 instant such as 2026-06-14T22:00:00Z, or now`);
}
