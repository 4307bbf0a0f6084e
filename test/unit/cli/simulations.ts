import type { Reason } from "../../../src/engine/decision.ts";
import type { ReasonCode } from "../../../src/engine/reasons.ts";
import type {
  Cause,
  IdentityTimeline,
  Interval,
  PodTimeline,
  Simulation,
} from "../../../src/cli/simulate-timeline.ts";
import { instantOf } from "../timebox/reference-window.ts";

// Simulations as the policy could give them, for the tests of what is drawn and written.

/** Bindings that are closed by these codes. */
export function cause(bindings: readonly string[], ...codes: readonly ReasonCode[]): Cause {
  return { bindings, reasons: codes.map((code): Reason => ({ code, params: {} })) };
}

export const outside: Cause = cause(["shop/nightly"], "OutsideSchedule");

/** A window's interval; `edges` replaces what is not so. */
export function interval(from: string, to: string, edges: Partial<Interval> = {}): Interval {
  return {
    from: instantOf(from),
    to: instantOf(to),
    startReason: outside,
    endReason: outside,
    bindings: ["shop/nightly"],
    ...edges,
  };
}

export function closed(
  from: string,
  to: string,
  reason: Cause = outside,
): IdentityTimeline["closed"][number] {
  return { from: instantOf(from), to: instantOf(to), reason };
}

export function identity(name: string, more: Partial<IdentityTimeline> = {}): IdentityTimeline {
  return { identity: name, bindings: ["shop/nightly"], timeZone: null, intervals: [], closed: [], ...more };
}

export function simulation(from: string, to: string, pods: readonly PodTimeline[]): Simulation {
  const policy = { revision: "test", digest: "sha256:0123456789abcdef" };
  return { from: instantOf(from), to: instantOf(to), policy, pods };
}

/** A week of everything a lane can show. */
export const week: Simulation = simulation("2026-06-15T00:00:00Z", "2026-06-22T00:00:00Z", [
  { pod: "platform/agent-0", exempt: true, identities: [] },
  {
    pod: "shop/frontend-0",
    exempt: false,
    identities: [
      identity("shop/datastore-reader", {
        timeZone: "Europe/Berlin",
        intervals: [
          interval("2026-06-15T00:00:00Z", "2026-06-15T06:00:00Z", { startReason: null }),
          interval("2026-06-17T10:00:00Z", "2026-06-17T10:15:00Z"),
          interval("2026-06-19T22:00:00Z", "2026-06-21T04:00:00Z", {
            bindings: ["shop/nightly", "shop/weekend"],
          }),
          interval("2026-06-21T20:00:00Z", "2026-06-22T00:00:00Z", { endReason: null }),
        ],
        closed: [
          closed("2026-06-15T06:00:00Z", "2026-06-16T00:00:00Z"),
          closed(
            "2026-06-16T00:00:00Z",
            "2026-06-16T20:00:00Z",
            cause(["shop/nightly"], "Excluded", "OutsideSchedule"),
          ),
          closed("2026-06-16T20:00:00Z", "2026-06-17T00:00:00Z", cause(["shop/nightly"], "Excluded")),
          closed("2026-06-17T00:00:00Z", "2026-06-17T10:00:00Z"),
          closed("2026-06-17T10:15:00Z", "2026-06-19T22:00:00Z"),
          closed("2026-06-21T04:00:00Z", "2026-06-21T20:00:00Z"),
        ],
      }),
      identity("shop/always", {
        bindings: ["shop/always"],
        intervals: [
          interval("2026-06-15T00:00:00Z", "2026-06-22T00:00:00Z", {
            startReason: null,
            endReason: null,
            bindings: ["shop/always"],
          }),
        ],
      }),
      identity("shop/never", {
        bindings: ["shop/off"],
        closed: [closed("2026-06-15T00:00:00Z", "2026-06-22T00:00:00Z", cause(["shop/off"], "Suspended"))],
      }),
    ],
  },
  { pod: "shop/stray-0", exempt: false, identities: [] },
]);
