import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { simulateFolder, type SimulatedJson } from "./simulated.ts";

const demo = fileURLToPath(new URL("../../../demo", import.meta.url));

describe("podid simulate, on the demo's folder over a week,", () => {
  it("lists every pod, by name, with each of its identities", async () => {
    const { from, to, pods } = await simulateWeek();
    assert.deepEqual([from, to], ["2026-06-14T00:00:00Z", "2026-06-21T00:00:00Z"]);
    assert.deepEqual(
      pods.map(({ pod, exempt, identities }) => [pod, exempt, identities.map(({ identity }) => identity)]),
      [
        ["platform/agent-0", true, []],
        ["reports/invoice-0", false, ["reports/invoice-sender"]],
        ["reports/report-0", false, ["reports/report-writer"]],
        ["shop/frontend-0", false, ["shop/datastore-reader"]],
        ["shop/stray-0", false, []],
        ["shop/worker-0", false, ["shop/queue-writer", "shop/queue-reader"]],
      ],
    );
  });

  it("opens the data store on five business nights, and says why at each edge", async () => {
    const { pods } = await simulateWeek();
    const [timeline] = pods.find(({ pod }) => pod === "shop/frontend-0")?.identities ?? [];
    assert.deepEqual(
      timeline?.intervals.map(({ from, to }) => [from, to]),
      [14, 15, 16, 17, 18].map((day) => [`2026-06-${day}T22:00:00Z`, `2026-06-${day}T23:00:00Z`]),
    );
    const outside = {
      bindings: ["shop/nightly"],
      reasons: [{ code: "OutsideSchedule", params: {}, text: "no window is open" }],
    };
    for (const { startReason, endReason } of timeline?.intervals ?? []) {
      assert.deepEqual([startReason, endReason], [outside, outside]);
    }
  });

  it("shows what has no time box as open throughout", async () => {
    const { pods } = await simulateWeek();
    const [timeline] = pods.find(({ pod }) => pod === "reports/report-0")?.identities ?? [];
    assert.deepEqual(timeline?.intervals, [
      {
        from: "2026-06-14T00:00:00Z",
        to: "2026-06-21T00:00:00Z",
        startReason: null,
        endReason: null,
        beginsBefore: true,
        endsAfter: true,
        bindings: ["reports/report-writer-binding"],
      },
    ]);
    assert.deepEqual(timeline.closed, []);
  });
});

function simulateWeek(): Promise<SimulatedJson> {
  return simulateFolder(demo, "2026-06-14T00:00:00Z", "2026-06-21T00:00:00Z");
}
