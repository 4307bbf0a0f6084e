import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { podidObject, principal, simulateObjects, webPod, type SimulatedInterval } from "./simulated.ts";

type Cause = SimulatedInterval["startReason"];

const codesOf = (cause: Cause): readonly string[] | null => cause?.reasons.map(({ code }) => code) ?? null;

describe("podid simulate shows scenario", () => {
  for (const scenario of scenarios) it(scenario.name, (t) => check(t, scenario));
});

async function check(t: TestContext, scenario: Scenario): Promise<void> {
  const { timeBox, created, startTime, access = [], intervals, closed } = scenario;
  const spec = { azureIdentity: "reader", selector: "web", timeBox };
  const objects = [
    principal("reader"),
    podidObject(
      "AzureIdentityBinding",
      "web",
      spec,
      created === undefined ? {} : { creationTimestamp: created },
    ),
    webPod(startTime === undefined ? {} : { startTime }),
    ...access,
  ];
  const { pods } = await simulateObjects(t, objects, scenario);
  const [timeline] = pods[0]?.identities ?? [];
  assert.deepEqual(
    timeline?.intervals.map(({ from, to, startReason, endReason }) => [
      from,
      to,
      codesOf(startReason),
      codesOf(endReason),
    ]),
    intervals,
  );
  for (const { startReason, endReason, beginsBefore, endsAfter, bindings } of timeline?.intervals ?? []) {
    assert.deepEqual([beginsBefore, endsAfter], [startReason === null, endReason === null]);
    assert.deepEqual(bindings, ["shop/web"]);
  }
  if (closed !== undefined)
    assert.deepEqual(
      timeline?.closed.map(({ reason }) => codesOf(reason)),
      closed,
    );
}
