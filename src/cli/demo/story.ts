import type { Ask } from "./sdk-call.ts";

/** One question that one pod's SDK asks, at an instant of the story. */
export interface Scene {
  readonly atMs: number;
  readonly pod: string;
  /** What is asked for, in words. */
  readonly asks: string;
  readonly ask: Ask;
}

const scope = "https://vault.azure.net/.default";
const byDefault: Ask = { credential: "ManagedIdentityCredential", scope };
const byChain: Ask = { credential: "DefaultAzureCredential", scope };

const minuteMs = 60_000;
const zone = "Europe/Berlin";
const saturday = 6;

/** The next midnight in Berlin after `nowMs` that begins a business day, in unix milliseconds. */
export function nextBusinessMidnightMs(nowMs: number): number {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone);
  let day = now.toPlainDate().add({ days: 1 });
  while (day.dayOfWeek >= saturday) day = day.add({ days: 1 });
  return day.toZonedDateTime(zone).epochMilliseconds;
}

/** The wall clock in Berlin: `Mon 00:00:00`. */
export function berlinTime(atMs: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
  return local.toLocaleString("en-GB", {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

/** The demo's questions around one midnight, in order of time. */
export function scenesAround(midnightMs: number): readonly Scene[] {
  const before = midnightMs - 10 * minuteMs;
  const withID = (clientID: string): Ask => ({ ...byDefault, clientID });
  const worker = "shop/worker-0";
  return [
    { atMs: before, pod: "reports/report-0", asks: "classic binding, no id", ask: byDefault },
    { atMs: before, pod: "reports/invoice-0", asks: "client secret (type 1)", ask: byDefault },
    { atMs: before, pod: worker, asks: "two identities, no id", ask: byDefault },
    {
      atMs: before,
      pod: worker,
      asks: "the lighter one by id",
      ask: withID("aaaaaaaa-0000-4000-8000-000000000004"),
    },
    {
      atMs: before,
      pod: worker,
      asks: "somebody else's id",
      ask: withID("aaaaaaaa-0000-4000-8000-000000000001"),
    },
    { atMs: before, pod: "shop/stray-0", asks: "unbound pod", ask: byDefault },
    { atMs: before, pod: "platform/agent-0", asks: "excepted pod", ask: byDefault },
    ...[midnightMs - 1000, midnightMs, midnightMs + 50 * minuteMs, midnightMs + 60 * minuteMs - 1000].map(
      (atMs) => ({
        atMs,
        pod: "shop/frontend-0",
        asks: "data store, nightly",
        ask: byDefault,
      }),
    ),
    {
      atMs: midnightMs + 60 * minuteMs - 1000,
      pod: "shop/frontend-0",
      asks: "… by DefaultAzureCredential",
      ask: byChain,
    },
    { atMs: midnightMs + 60 * minuteMs, pod: "shop/frontend-0", asks: "data store, nightly", ask: byDefault },
  ];
}
