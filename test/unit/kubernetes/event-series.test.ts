import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { seriesKey } from "../../../src/kubernetes/event-series.ts";

const binding = {
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureIdentityBinding",
  name: "nightly",
} as const;
const pod = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-0" } as const;

/** Whether events about one pod with these notes are told as repetitions of one. */
function isOne(first: string, second: string, related: typeof pod | null = pod): boolean {
  const terms = { type: "Warning", reason: "TokenDenied", controller: "c", instance: "i" } as const;
  const [a, b] = [first, second].map((note) =>
    seriesKey({ ...terms, note, regarding: binding, related: related ?? undefined }),
  );
  return a === b;
}

describe("a series of events about a pod", () => {
  it("is of one text: a new refusal does not hide behind the old one", () => {
    assert.equal(isOne("token denied: OutsideSchedule", "token denied: OutsideSchedule"), true);
    assert.equal(isOne("token denied: OutsideSchedule", "token denied: GrantExpired"), false);
    assert.equal(isOne("ARM answered 403 for reader", "ARM answered 429 for reader"), false);
    assert.equal(isOne("assigned on node vm-0", "assigned on node vm-1"), false);
  });

  it("goes on though ids of requests, times and delays differ", () => {
    const id = "f0c8f5e-8f0e-4d39-9a7e-0123456789ab";
    assert.equal(isOne(`request 3${id}`, `request 4${id}`), true);
    assert.equal(isOne("opens 2026-06-14T22:00:00Z", "opens 2026-06-15T22:00:00.5+02:00"), true);
    assert.equal(isOne("no answer within 10 s", "no answer within 7 s"), true);
  });
});

it("events that nothing is related to are told apart by every letter", () => {
  assert.equal(isOne("opens 2026-06-14T22:00:00Z", "opens 2026-06-15T22:00:00Z", null), false);
});
