import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { bindingStatus } from "../../../src/controller/binding-status.ts";
import { isObject, objectsIn } from "../../../src/controller/json-shape.ts";
import { createFindings } from "../../../src/controller/status-findings.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
} from "../../../src/engine/resources.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";
import { makeBinding, makeGrant, makeIdentity, makePod } from "./objects.ts";
import { findingsOn } from "./policy.ts";

const berlin = { openWhen: "Schedule", timeZone: "Europe/Berlin" };
const jit = { maxDuration: "1h", approvals: 0 };

interface Row {
  readonly box: JsonObject | null;
  readonly at: string;
  readonly grants?: readonly AzureIdentityAccessGrant[];
  /** In force, reason, next. */
  readonly shown: string;
  /** Conditions that are not as they mostly are. */
  readonly conditions?: Readonly<Record<string, string>>;
}

const usual = {
  TimeBoxValid: "True Valid",
  Provisioned: "Unknown NoPods",
  NeverOpens: "False Opens",
  DSTSensitive: "False NoClockChange",
  BoundariesUnknown: "False AllKnown",
};

const rows: Readonly<Record<string, Row>> = {
  "a binding without time box": { box: null, at: "2026-06-14T12:00:00Z", shown: "Yes NotLimited -" },
  "a bound that is ahead": {
    box: { notAfter: "2026-06-15T00:00:00Z" },
    at: "2026-06-14T12:00:00Z",
    shown: "Yes NotLimited 2026-06-15T00:00:00Z",
  },
  "a bound that has passed": {
    box: { notAfter: "2026-06-14T00:00:00Z" },
    at: "2026-06-14T12:00:00Z",
    shown: "No AfterNotAfter -",
    conditions: { NeverOpens: "True AfterNotAfter" },
  },
  "a suspended box, whatever else closes it": {
    box: { suspend: true, notAfter: "2026-06-14T00:00:00Z" },
    at: "2026-06-14T12:00:00Z",
    shown: "No Suspended -",
    conditions: { NeverOpens: "True Suspended" },
  },
  "a duration of the binding": {
    box: { durations: [{ from: "BindingCreation", for: "10m" }] },
    at: "2026-01-01T00:05:00Z",
    shown: "Yes DurationRunning 2026-01-01T00:10:00Z",
  },
  "a duration of each pod": {
    box: { durations: [{ from: "PodStart", for: "10m" }] },
    at: "2026-06-14T12:00:00Z",
    shown: "PerPod DurationRunning -",
    conditions: { DSTSensitive: "Unknown NotKnown" },
  },
  "a duration of each pod in a box that is closed for all": {
    box: { durations: [{ from: "PodStart", for: "10m" }], notAfter: "2026-06-14T00:00:00Z" },
    at: "2026-06-14T12:00:00Z",
    shown: "No AfterNotAfter -",
    conditions: { NeverOpens: "True AfterNotAfter" },
  },
  "a window in the hour that a fold repeats (scenario 16)": {
    box: { ...berlin, windows: [{ times: [{ start: "01:30", end: "02:30" }] }] },
    at: "2026-09-01T12:00:00Z",
    shown: "No OutsideSchedule 2026-09-01T23:30:00Z",
    conditions: { DSTSensitive: "True ClockChange" },
  },
  "a window away from clock changes": {
    box: { ...berlin, windows: [{ times: [{ start: "09:00", end: "17:00" }], weekdays: ["Mon..Fri"] }] },
    at: "2026-06-15T08:00:00Z",
    shown: "Yes InWindow 2026-06-15T15:00:00Z",
  },
  "a window in years that are over": {
    box: { openWhen: "Schedule", timeZone: "UTC", windows: [{ years: ["2020"] }] },
    at: "2026-06-14T12:00:00Z",
    shown: "No OutsideSchedule -",
    conditions: { NeverOpens: "True OutsideSchedule" },
  },
  "an unknown zone": {
    box: { openWhen: "Schedule", timeZone: "Mars/Phobos", windows: [{ weekdays: ["Mon"] }] },
    at: "2026-06-14T12:00:00Z",
    shown: "No InvalidTimeBox -",
    conditions: { TimeBoxValid: "False InvalidTimeBox", NeverOpens: "True InvalidTimeBox" },
  },
  "a box that waits for grants": {
    box: { openWhen: "Grant", jit },
    at: "2026-06-14T12:00:00Z",
    shown: "No NoActiveGrant -",
  },
  "a box that a grant has opened": {
    box: { openWhen: "Grant", jit },
    at: "2026-06-14T12:00:00Z",
    grants: [makeGrant("g", { creationTimestamp: "2026-06-14T12:00:00Z" })],
    shown: "Yes Granted 2026-06-14T12:15:00Z",
  },
  "a box that a grant has opened for one pod": {
    box: { openWhen: "Grant", jit },
    at: "2026-06-14T12:00:00Z",
    grants: [makeGrant("g", { creationTimestamp: "2026-06-14T12:00:00Z", spec: { podName: "web-0" } })],
    shown: "PerPod Granted -",
    conditions: { DSTSensitive: "Unknown NotKnown" },
  },
};

function textOf(value: unknown): string {
  assert.ok(typeof value === "string");
  return value;
}

function boxOf(status: JsonObject): JsonObject {
  const { timeBox } = status;
  assert.ok(isObject(timeBox));
  return timeBox;
}

function conditionsOf(status: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    objectsIn(status["conditions"]).map(({ type, status: state, reason }) => [
      textOf(type),
      `${textOf(state)} ${textOf(reason)}`,
    ]),
  );
}

describe("the status of a binding, by the policy that ships, shows", () => {
  for (const [name, { box, at, grants = [], shown, conditions = {} }] of Object.entries(rows)) {
    it(name, async (t) => {
      const made = makeBinding("reader");
      const binding: AzureIdentityBinding = { ...made, generation: 3, spec: { ...made.spec, timeBox: box } };
      const deps = await findingsOn(t, { identities: [makeIdentity("reader")], bindings: [binding], grants });
      const now = instantFromMs(Date.parse(at));
      const findings = createFindings(deps).ofBinding(binding, now);
      const status = bindingStatus(findings, undefined, now);
      const { inForce, reason, nextTransition = "-", since, observedGeneration } = boxOf(status);
      assert.equal(`${textOf(inForce)} ${textOf(reason)} ${textOf(nextTransition)}`, shown);
      assert.equal(since, at);
      assert.equal(observedGeneration, 3);
      const { InForce: _, ...others } = conditionsOf(status);
      assert.deepEqual(others, { ...usual, ...conditions });
    });
  }

  it("the closing, and from then on the time at which it was seen", async (t) => {
    const binding = makeBinding("reader", { timeBox: { notAfter: "2026-06-15T00:00:00Z" } });
    const deps = await findingsOn(t, { identities: [makeIdentity("reader")], bindings: [binding] });
    const look = (at: string, before?: JsonObject): JsonObject => {
      const now = instantFromMs(Date.parse(at));
      return bindingStatus(createFindings(deps).ofBinding(binding, now), before, now);
    };
    const first = look("2026-06-14T12:00:00Z");
    assert.deepEqual(look("2026-06-14T13:00:00Z", first), first, "nothing has flipped, so nothing differs");
    const closed = look("2026-06-15T00:00:01Z", first);
    assert.equal(boxOf(closed)["since"], "2026-06-15T00:00:01Z");
    const times = Object.fromEntries(
      objectsIn(closed["conditions"]).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    );
    assert.equal(times["InForce"], "2026-06-15T00:00:01Z");
    assert.equal(times["TimeBoxValid"], "2026-06-14T12:00:00Z");
  });

  it("what is wrong with an identity that nobody can have", async (t) => {
    const now = instantFromMs(Date.parse("2026-06-14T12:00:00Z"));
    const provisioned = async (spec: Partial<AzureIdentity["spec"]> | null): Promise<string | undefined> => {
      const binding = makeBinding("reader");
      const identities = spec === null ? [] : [makeIdentity("reader", { spec })];
      const findings = createFindings(await findingsOn(t, { identities, bindings: [binding] }));
      return conditionsOf(bindingStatus(findings.ofBinding(binding, now), undefined, now))["Provisioned"];
    };
    assert.equal(await provisioned({ type: 2, resourceID: "" }), "Unknown NoPods");
    assert.equal(await provisioned({ type: 3 }), "False TypeNotServed");
    assert.equal(await provisioned({ type: 7 }), "False TypeNotServed");
    assert.equal(await provisioned({ resourceID: "/subscriptions/x" }), "False IdentityMalformed");
    assert.equal(await provisioned(null), "False IdentityMissing");
  });

  it("an answer by a stand-in that fits match and usableBy, and by a real pod where none can be made", async (t) => {
    const match = {
      podSelector: {
        matchLabels: { app: "web" },
        matchExpressions: [{ key: "tier", operator: "In", values: ["front"] }],
      },
      serviceAccounts: ["web"],
    };
    const plain = makeBinding("reader", { selector: "" });
    const made = { ...plain, spec: { ...plain.spec, match } };
    const usableBy = { serviceAccounts: ["shop/web"], namespaces: ["shop"] };
    // Each requirement can be met, but not by the one label that a stand-in guesses.
    const odd = {
      podSelector: {
        matchExpressions: [
          { key: "tier", operator: "In", values: ["a", "b"] },
          { key: "tier", operator: "NotIn", values: ["a"] },
        ],
      },
    };
    const real = { ...makeBinding("real", { selector: "", identity: "reader" }) };
    const unguessed = { ...real, spec: { ...real.spec, match: odd } };
    const objects = {
      identities: [makeIdentity("reader", { spec: { usableBy } })],
      bindings: [made, unguessed],
    };
    const now = instantFromMs(Date.parse("2026-06-14T12:00:00Z"));
    const without = createFindings(await findingsOn(t, objects));
    assert.equal(without.ofBinding(made, now).judgement.inForce, "Yes");
    const unknown = bindingStatus(without.ofBinding(unguessed, now), undefined, now);
    assert.equal(conditionsOf(unknown)["InForce"], "Unknown NoPodToAskAbout");
    const pods = [makePod("web-0", { labels: { tier: "b" }, serviceAccount: "web" })];
    const withPod = createFindings(await findingsOn(t, { ...objects, pods }));
    assert.equal(withPod.ofBinding(unguessed, now).judgement.inForce, "Yes");
  });
});
