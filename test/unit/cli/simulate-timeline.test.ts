import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { CommandError } from "../../../src/cli/errors.ts";
import type { Sampling } from "../../../src/cli/simulate-samples.ts";
import { simulatePod, type Cause, type IdentityTimeline } from "../../../src/cli/simulate-timeline.ts";
import type { AssignDecision } from "../../../src/engine/decision.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import type { Entrypoint, Entrypoints } from "../../../src/engine/entrypoints.ts";
import type { ReasonCode } from "../../../src/engine/reasons.ts";
import { createManifestSource, type ManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { formatInstant } from "../../../src/timebox/instant.ts";
import { binding, crds, folderWith, identity, pod } from "../kubernetes/manifest-fixtures.ts";
import { instantOf } from "../timebox/reference-window.ts";

/** What closes a binding at a time of 2026-06-15, `HH:MM:SS` in UTC; nothing means in force. */
type Judge = (time: string) => readonly ReasonCode[];

const outside = (isOpen: boolean): readonly ReasonCode[] => (isOpen ? [] : ["OutsideSchedule"]);
const openAt =
  (from: string, to: string): Judge =>
  (time) =>
    outside(from <= time && time < to);

const closedAs =
  (before: ReasonCode, at: string, after: ReasonCode): Judge =>
  (time) => [time < at ? before : after];

const openFrom = (time: string): Judge => openAt(time, "24:00");
const refuse = (): never => assert.fail("not asked here");

describe("a timeline", () => {
  it("holds the interval with the reasons of both edges, and the closed spans around it", async (t) => {
    const timeline = await simulate(t, { night: openAt("10:00", "12:00") });
    assert.deepEqual(timeline.intervals, [
      ["10:00", "12:00", "night: OutsideSchedule", "night: OutsideSchedule", "night"],
    ]);
    assert.deepEqual(timeline.closed, [
      ["08:00", "10:00", "night: OutsideSchedule"],
      ["12:00", "18:00", "night: OutsideSchedule"],
    ]);
  });

  it("marks what begins before the range and what lasts beyond it", async (t) => {
    const timeline = await simulate(t, { night: (time) => outside(time < "10:00" || time >= "12:00") });
    assert.deepEqual(timeline.intervals, [
      ["08:00", "10:00", null, "night: OutsideSchedule", "night"],
      ["12:00", "18:00", "night: OutsideSchedule", null, "night"],
    ]);
  });

  it("knows an edge that falls on an end of the range from no edge", async (t) => {
    const timeline = await simulate(t, { night: openAt("08:00", "18:00") });
    assert.deepEqual(timeline.intervals, [
      ["08:00", "18:00", "night: OutsideSchedule", "night: OutsideSchedule", "night"],
    ]);
    assert.deepEqual(timeline.closed, []);
  });

  it("is one interval while one binding takes over from another", async (t) => {
    const timeline = await simulate(t, {
      early: openAt("10:00", "12:00"),
      late: (time) => (time < "12:00" || time >= "14:00" ? ["AfterNotAfter"] : []),
    });
    assert.deepEqual(timeline.intervals, [
      ["10:00", "14:00", "early: OutsideSchedule", "late: AfterNotAfter", "early late"],
    ]);
  });

  it("is two intervals when a second passes between two bindings", async (t) => {
    const timeline = await simulate(t, {
      early: openAt("10:00", "12:00"),
      late: openAt("12:00:01", "14:00"),
    });
    assert.deepEqual(
      timeline.intervals.map(([from, to]) => [from, to]),
      [
        ["10:00", "12:00"],
        ["12:00:01", "14:00"],
      ],
    );
  });

  it("has a closed span for each set of reasons, over all bindings", async (t) => {
    const timeline = await simulate(t, {
      first: (time) => (time < "12:00" ? ["OutsideSchedule"] : ["Excluded", "OutsideSchedule"]),
      second: () => ["Suspended"],
    });
    assert.deepEqual(timeline.closed, [
      ["08:00", "12:00", "first second: OutsideSchedule Suspended"],
      ["12:00", "18:00", "first second: Excluded OutsideSchedule Suspended"],
    ]);
    assert.deepEqual(timeline.intervals, []);
  });

  it("names the zone of its windows when there is just one", async (t) => {
    const { timeline } = await simulate(t, { night: openAt("10:00", "12:00") });
    assert.equal(timeline?.timeZone, "UTC");
  });
});

describe("where custom rules took part, a timeline", () => {
  it("is asked about every minute, by probes in few questions", async (t) => {
    const timeline = await simulate(t, { custom: openAt("09:17", "09:19") }, () => ({}));
    assert.deepEqual(
      timeline.intervals.map(([from, to]) => [from, to]),
      [["09:17", "09:19"]],
    );
    assert.ok(timeline.questions < 60, String(timeline.questions));
  });

  it("shows another reason from its minute on, although no probe carries one", async (t) => {
    const custom = closedAs("OutsideSchedule", "09:17", "DeniedByPolicy");
    const timeline = await simulate(t, { custom }, () => ({}));
    assert.deepEqual(timeline.closed, [
      ["08:00", "09:17", "custom: OutsideSchedule"],
      ["09:17", "18:00", "custom: DeniedByPolicy"],
    ]);
  });

  it("is asked as seldom as they say", async (t) => {
    const hourNs = 3600e9;
    const timeline = await simulate(t, { custom: openFrom("09:17") }, () => ({ recheckAfter: hourNs }));
    assert.deepEqual(timeline.intervals[0]?.[0], "10:00");
  });

  it("is asked once a minute at most, however often they say", async (t) => {
    const timeline = await simulate(t, { custom: openFrom("09:17:30") }, () => ({ recheckAfter: 1e9 }));
    assert.deepEqual(timeline.intervals[0]?.[0], "09:18");
  });

  it("is asked at the boundary that they declare, and not in between", async (t) => {
    const boundary = instantOf("2026-06-15T09:17:05Z");
    const timeline = await simulate(t, { custom: openAt("09:17:05", "16:00:07") }, (time) =>
      time < "09:17:05" ? { nextTransition: boundary } : { validUntil: instantOf("2026-06-15T16:00:07Z") },
    );
    assert.deepEqual(timeline.intervals[0]?.slice(0, 2), ["09:17:05", "16:00:07"]);
    const probed = timeline.probed.filter((time) => time <= "16:00:07");
    assert.deepEqual(probed, ["09:17:04", "09:17:05", "16:00:06", "16:00:07"]);
    assert.equal(timeline.mismatches, 0);
  });

  it("does not believe a boundary at which nothing opens or closes", async (t) => {
    const lie = instantOf("2026-06-15T09:55:00Z");
    const timeline = await simulate(t, { custom: openFrom("09:17") }, () => ({ nextTransition: lie }));
    assert.deepEqual(timeline.intervals[0]?.[0], "09:17");
    assert.ok(timeline.mismatches > 0);
  });

  it("ends between two questions when it is told to", async (t) => {
    const stopping = new AbortController();
    let questions = 0;
    const simulating = simulate(t, { custom: openFrom("09:17") }, () => ({}), {
      signal: stopping.signal,
      onQuestion: () => {
        questions += 1;
        if (questions === 5) stopping.abort();
      },
    });
    await assert.rejects(simulating, { name: "AbortError" });
    assert.equal(questions, 5);
  });
});

it("does not pass off a policy without an answer as a closed time, and says why there is none", async (t) => {
  const source = await sourceOf(t, ["night"]);
  const decider = deciderOf(() => ({ candidates: [], reasons: [{ code: "PolicyError", params: {} }] }));
  const simulating = timelineOf(source, { ...usual, decider, faultText: () => "it took too long" });
  await assert.rejects(simulating, (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /^shop\/web-0 at .*: the policy gave no usable answer: it took too long$/);
    return true;
  });
});

interface Shown {
  readonly timeline: IdentityTimeline | undefined;
  /** from, to, why it opens, why it closes, through what */
  readonly intervals: readonly (readonly (string | null)[])[];
  /** from, to, why */
  readonly closed: readonly (readonly (string | null)[])[];
  readonly questions: number;
  /** Each instant that some question held beside its now, once. */
  readonly probed: readonly string[];
  readonly mismatches: number;
}

const usual = {
  signal: new AbortController().signal,
  onQuestion: (): void => undefined,
  onHintMismatch: (): void => undefined,
  faultText: (): string | null => null,
};

/** From 08:00 to 18:00. */
async function simulate(
  t: TestContext,
  judges: Readonly<Record<string, Judge>>,
  hints?: (time: string) => AssignDecision["hints"],
  more: Partial<Sampling> = {},
): Promise<Shown> {
  let questions = 0;
  let mismatches = 0;
  const probed = new Set<string>();
  const source = await sourceOf(t, Object.keys(judges));
  const decider = deciderOf((time, probes) => {
    questions += 1;
    for (const probe of probes) probed.add(probe);
    const candidates = Object.entries(judges).map(([name, judge]) => ({
      binding: `shop/${name}`,
      identity: "shop/reader",
      weight: 0,
      inForce: judge(time).length === 0,
      reasons: judge(time).map((code) => ({ code, params: {} })),
      probes: probes.map((probe) => judge(probe).length === 0),
    }));
    return { candidates, reasons: [], hints: hints?.(time) };
  });
  const onHintMismatch = (): void => void (mismatches += 1);
  const { identities } = await timelineOf(source, { ...usual, decider, onHintMismatch, ...more });
  const [timeline] = identities;
  return {
    timeline,
    questions,
    probed: [...probed],
    mismatches,
    intervals: (timeline?.intervals ?? []).map(({ from, to, startReason, endReason, bindings }) => [
      shownTime(from),
      shownTime(to),
      shownCause(startReason),
      shownCause(endReason),
      namesOf(bindings),
    ]),
    closed: (timeline?.closed ?? []).map(({ from, to, reason }) => [
      shownTime(from),
      shownTime(to),
      shownCause(reason),
    ]),
  };
}

function timelineOf(source: ManifestSource, sampling: Omit<Sampling, "pod">): ReturnType<typeof simulatePod> {
  const web = source.get("Pod", "shop/web-0") ?? assert.fail("the pod is in the folder");
  const range = { from: instantOf("2026-06-15T08:00:00Z"), to: instantOf("2026-06-15T18:00:00Z") };
  return simulatePod({ ...sampling, pod: web }, source, range);
}

const timeOf = (ns: number): string => new Date(ns / 1e6).toISOString().slice(11, 19);

/** `assign` is given times of the day, `HH:MM:SS`. */
function deciderOf(assign: (time: string, probes: readonly string[]) => AssignDecision): Decider {
  const answers: {
    readonly [E in Entrypoint]: (input: Entrypoints[E]["input"]) => Entrypoints[E]["decision"];
  } = {
    assign: ({ now, probes }) => assign(timeOf(now), probes.map(timeOf)),
    exempt: () => ({ exempt: false, reasons: [] }),
    token: refuse,
    validate: refuse,
  };
  return { decide: (entrypoint, input) => answers[entrypoint](input) };
}

/** The judges do not read the box: it only says at which instants to ask, at 10, 12 and 14 o'clock. */
const box = `  timeBox:
    openWhen: Schedule
    timeZone: UTC
    notBefore: "2026-06-15T12:00:01Z"
    windows:
    - times: [{start: "10:00", end: "12:00"}, {start: "12:00", end: "14:00"}]`;

async function sourceOf(t: TestContext, bindings: readonly string[]): Promise<ManifestSource> {
  const objects = [identity("reader"), ...bindings.map((name) => binding(name, box)), pod("web-0")];
  const directory = await folderWith(t, { "objects.yaml": objects.join("\n---\n") });
  const source = await createManifestSource({
    directory,
    crds,
    clock: createSimulatedClock(0),
    log: createSilentLog(),
    watch: false,
  });
  assert.deepEqual(source.problems(), []);
  return source;
}

/** `10:00` when the second is 0. */
function shownTime(at: Parameters<typeof formatInstant>[0]): string {
  return formatInstant(at).slice(11, 19).replace(/:00$/, "");
}

function shownCause(cause: Cause | null): string | null {
  if (cause === null) return null;
  return `${namesOf(cause.bindings)}: ${cause.reasons.map(({ code }) => code).join(" ")}`;
}

function namesOf(bindings: readonly string[]): string {
  return bindings.map((name) => name.replace("shop/", "")).join(" ");
}
