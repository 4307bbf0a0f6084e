import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createEventMemory } from "../../../src/kubernetes/event-memory.ts";
import type { EventSeries, EventTerms } from "../../../src/kubernetes/event-series.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const applied: EventTerms = {
  type: "Normal",
  reason: "binding applied",
  note: "applied",
  regarding: { apiVersion: "v1", kind: "AzureIdentityBinding", namespace: "shop", name: "nightly", uid: "b" },
  related: undefined,
  controller: "aadpodidentity.k8s.io/podid",
  instance: "podid-0",
};

function forPod(i: number): EventTerms {
  const related = {
    apiVersion: "v1",
    kind: "Pod" as const,
    namespace: "shop",
    name: `web-${i}`,
    uid: `p-${i}`,
  };
  return { ...applied, note: `applied for web-${i}`, related };
}

function createWorld() {
  const clock = createSimulatedClock(0);
  const memory = createEventMemory({ clock, random: () => 0, give: () => undefined });
  return { clock, memory, note: (terms: EventTerms): EventSeries => memory.note(terms) };
}

function bodyOf(series: EventSeries): {
  readonly note?: string;
  readonly related?: { readonly name?: string };
} {
  return Object(series.create().body);
}

describe("events about many pods of one object", () => {
  it("are told of three pods each, and of the others together", () => {
    const { memory, note } = createWorld();
    const series = new Set(Array.from({ length: 1000 }, (_, i) => note(forPod(i))));
    assert.deepEqual(
      Array.from(series, (one) => [bodyOf(one).note, bodyOf(one).related?.name, one.count]),
      [
        ["applied for web-0", "web-0", 1],
        ["applied for web-1", "web-1", 1],
        ["applied for web-2", "web-2", 1],
        ["(combined from similar events): applied for web-3", undefined, 997],
      ],
    );
    assert.equal(note(forPod(1)).count, 2, "a pod with a series of its own keeps it");
    memory.close();
  });

  it("do not take those of another reason or object with them", () => {
    const { memory, note } = createWorld();
    for (let i = 0; i < 5; i += 1) note(forPod(i));
    assert.equal(bodyOf(note({ ...forPod(9), reason: "binding removed" })).related?.name, "web-9");
    const other = { ...applied.regarding, name: "daily", uid: "d" };
    assert.equal(bodyOf(note({ ...forPod(9), regarding: other })).related?.name, "web-9");
    memory.close();
  });

  it("never hide a problem behind another: what no pod is related to is told each", () => {
    const { memory, note } = createWorld();
    const notes = [0, 1, 2, 3, 4].map((i) => bodyOf(note({ ...applied, note: `problem ${i}` })).note);
    assert.equal(notes.at(-1), "problem 4");
    memory.close();
  });

  it("are told each again when the object was quiet", () => {
    const { clock, memory, note } = createWorld();
    for (let i = 0; i < 5; i += 1) note(forPod(i));
    for (let minute = 0; minute < 8; minute += 1) clock.advance(60_000);
    assert.equal(bodyOf(note(forPod(9))).related?.name, "web-9");
    memory.close();
  });
});
