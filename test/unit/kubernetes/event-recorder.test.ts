import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createEventRecorder, type EventRecorder } from "../../../src/kubernetes/event-recorder.ts";
import type { EventOutcome } from "../../../src/kubernetes/event-sender.ts";
import type { ResourceEvent } from "../../../src/kubernetes/resource-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeEventServer, type FakeEventServer, type StoredEvent } from "./fake-event-server.ts";

const start = "2026-06-14T22:30:00.123Z";
const applied: ResourceEvent = {
  kind: "AzureIdentityBinding",
  key: "shop/nightly",
  type: "Normal",
  reason: "binding applied",
  message: "Binding shop/nightly applied on node vm-0 for pod shop/web-0-shop-reader",
  related: { kind: "Pod", key: "shop/web-0" },
};
const forPod = (pod: string): ResourceEvent => ({ ...applied, related: { kind: "Pod", key: pod } });

interface World {
  readonly clock: SimulatedClock;
  readonly server: FakeEventServer;
  readonly recorder: EventRecorder;
  readonly outcomes: EventOutcome[];
  readonly pass: (seconds: number) => Promise<void>;
  readonly stored: () => readonly StoredEvent[];
  readonly methods: () => readonly string[];
}

function createWorld(t: TestContext): World {
  const clock = createSimulatedClock(Date.parse(start));
  const server = createFakeEventServer();
  const outcomes: EventOutcome[] = [];
  const recorder = createEventRecorder({
    api: server.api,
    clock,
    log: createSilentLog(),
    random: () => 0,
    referTo: (kind, key) => {
      const [namespace, name] = key.includes("/") ? key.split("/") : [undefined, key];
      const place = namespace === undefined ? {} : { namespace };
      return { apiVersion: "v1", kind, ...place, name: name ?? "", uid: `uid of ${key}` };
    },
    controller: "aadpodidentity.k8s.io",
    instance: "podid-0",
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  t.after(() => recorder.close());
  const pass = async (seconds: number): Promise<void> => {
    await turn();
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await turn();
    }
  };
  const stored = (): readonly StoredEvent[] => [...server.events.values()];
  const methods = (): readonly string[] => server.calls.map(({ method }) => method);
  return { clock, server, recorder, outcomes, pass, stored, methods };
}

const unreachable = (): never => {
  throw new KubernetesError("Unreachable", "no answer");
};

describe("the event recorder", () => {
  it("writes the first event with all that the API asks for, under a name of its own", async (t) => {
    const { recorder, pass, stored } = createWorld(t);
    recorder.record(applied);
    await pass(0);
    assert.deepEqual(stored(), [
      {
        metadata: { namespace: "shop", name: "nightly.18b9132a5424e4c0" },
        eventTime: "2026-06-14T22:30:00.123000Z",
        type: "Normal",
        reason: "binding applied",
        action: "Assign",
        note: applied.message,
        reportingController: "aadpodidentity.k8s.io",
        reportingInstance: "podid-0",
        regarding: {
          apiVersion: "v1",
          kind: "AzureIdentityBinding",
          namespace: "shop",
          name: "nightly",
          uid: "uid of shop/nightly",
        },
        related: {
          apiVersion: "v1",
          kind: "Pod",
          namespace: "shop",
          name: "web-0",
          uid: "uid of shop/web-0",
        },
      },
    ]);
  });

  it("makes a series of the second, counts further ones, and writes the count after 6 silent minutes", async (t) => {
    const { recorder, pass, stored, methods } = createWorld(t);
    for (let i = 0; i < 5; i += 1) {
      recorder.record(applied);
      await pass(1);
    }
    assert.deepEqual(methods(), ["POST", "PATCH"]);
    assert.deepEqual(stored()[0]?.series, { count: 2, lastObservedTime: "2026-06-14T22:30:01.123000Z" });
    await pass(361);
    assert.equal(stored()[0]?.series?.count, 2);
    await pass(60);
    assert.deepEqual(stored()[0]?.series, { count: 5, lastObservedTime: "2026-06-14T22:30:04.123000Z" });
    recorder.record(applied);
    await pass(0);
    assert.deepEqual(methods(), ["POST", "PATCH", "PATCH", "POST"]);
  });

  it("writes the count of a series that goes on every half an hour", async (t) => {
    const { recorder, pass, stored, methods } = createWorld(t);
    for (let minute = 0; minute < 65; minute += 1) {
      recorder.record(applied);
      await pass(60);
    }
    assert.equal(methods().length, 4);
    assert.ok((stored()[0]?.series?.count ?? 0) > 55);
  });

  it("takes events about different pods, reasons or types for different ones", async (t) => {
    const { recorder, pass, stored } = createWorld(t);
    recorder.record(applied);
    recorder.record(forPod("shop/web-1"));
    recorder.record({ ...applied, type: "Warning" });
    recorder.record({ ...applied, reason: "TokenDenied" });
    recorder.record({ ...applied, message: "the same in other words" });
    await pass(0);
    assert.deepEqual(
      stored().map(({ series }) => series?.count ?? 1),
      [1, 1, 1, 1, 1],
    );
    const names = new Set(stored().map(({ metadata }) => metadata.name));
    assert.equal(names.size, 5, "within one millisecond too");
  });

  it("tells apart by their texts events that nothing is related to", async (t) => {
    const { recorder, pass, stored } = createWorld(t);
    const { related: _, ...problem } = applied;
    recorder.record(problem);
    await pass(1);
    recorder.record({ ...problem, message: "another problem" });
    await pass(1);
    assert.deepEqual(
      stored().map(({ note }) => note),
      [applied.message, "another problem"],
    );
  });

  it("puts events about what is in no namespace into default", async (t) => {
    const { recorder, pass, stored } = createWorld(t);
    recorder.record({ ...applied, kind: "Node", key: "vm-0" });
    await pass(0);
    assert.equal(stored()[0]?.metadata.namespace, "default");
  });

  it("cuts long names and notes to what the API takes, between characters", async (t) => {
    const { recorder, pass, stored } = createWorld(t);
    recorder.record({ ...applied, key: `shop/${"n".repeat(253)}`, message: "ä".repeat(2000) });
    await pass(0);
    assert.equal(stored()[0]?.metadata.name.length, 253);
    assert.match(stored()[0]?.note ?? "", /^ä{510}…$/);
  });

  it("tries 12 times, 10 s apart, and then gives up", async (t) => {
    const { recorder, pass, server, methods, outcomes, stored } = createWorld(t);
    server.before(unreachable);
    recorder.record(applied);
    await pass(109);
    assert.equal(methods().length, 11);
    await pass(60);
    assert.equal(methods().length, 12);
    assert.deepEqual(outcomes, ["givenUp"]);
    server.before(null);
    recorder.record(applied);
    await pass(0);
    assert.equal(stored().length, 1);
  });

  it("stays away as long as the server asks", async (t) => {
    const { recorder, pass, server, methods } = createWorld(t);
    server.before(() => {
      throw new KubernetesError("Throttled", "429", { retryAfterMs: 30_000 });
    });
    recorder.record(applied);
    await pass(29);
    assert.equal(methods().length, 1);
    await pass(1);
    assert.equal(methods().length, 2);
  });

  it("does not try again what the server refuses, nor its repetitions", async (t) => {
    const { recorder, pass, server, methods, outcomes } = createWorld(t);
    server.before(() => {
      throw new KubernetesError("Forbidden", "403");
    });
    for (let i = 0; i < 5; i += 1) {
      recorder.record(applied);
      await pass(20);
    }
    assert.equal(methods().length, 1);
    assert.deepEqual(outcomes, ["refused"]);
  });

  it("takes an event for written when only the answer was lost", async (t) => {
    const { recorder, pass, server, stored, outcomes } = createWorld(t);
    server.after(unreachable);
    recorder.record(applied);
    await pass(1);
    server.after(null);
    await pass(10);
    assert.equal(stored().length, 1);
    assert.deepEqual(outcomes, ["sent"]);
  });

  it("writes a series anew, with its count, when its object is gone", async (t) => {
    const { recorder, pass, server, stored, methods } = createWorld(t);
    recorder.record(applied);
    await pass(1);
    server.expire();
    recorder.record(applied);
    await pass(1);
    assert.deepEqual(methods(), ["POST", "PATCH", "POST"]);
    assert.equal(stored()[0]?.series?.count, 2);
  });

  it("never waits: keeps a thousand, drops and counts the others", async (t) => {
    const { recorder, pass, server, outcomes } = createWorld(t);
    server.before(unreachable);
    for (let i = 0; i < 1201; i += 1) recorder.record({ ...applied, key: `shop/nightly-${i}` });
    await pass(0);
    assert.equal(outcomes.filter((outcome) => outcome === "dropped").length, 200);
    assert.equal(server.calls.length, 1);
  });

  it("never throws, even when an object cannot be referred to", async (t) => {
    const { server } = createWorld(t);
    const recorder = createEventRecorder({
      api: server.api,
      clock: createSimulatedClock(0),
      log: createSilentLog(),
      random: () => 0,
      referTo: () => {
        throw new Error("no");
      },
      controller: "c",
      instance: "i",
    });
    recorder.record(applied);
    await recorder.close();
    assert.equal(server.calls.length, 0);
  });

  it("tells what is left when it closes, without waiting for a server that does not answer", async (t) => {
    const { recorder, pass, server, stored, clock } = createWorld(t);
    for (let i = 0; i < 3; i += 1) {
      recorder.record(applied);
      await pass(1);
    }
    server.before(({ signal }) => {
      const { promise, reject } = Promise.withResolvers<void>();
      signal?.addEventListener("abort", () => reject(new Error("aborted")));
      return stored()[0]?.series?.count === 3 ? promise : undefined;
    });
    const stuck = forPod("shop/web-1");
    const closed = recorder.close();
    recorder.record(stuck);
    await closed;
    assert.equal(stored()[0]?.series?.count, 3);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("gives up after 2 s when it closes and the server hangs", async (t) => {
    const { recorder, pass, server, outcomes, clock } = createWorld(t);
    server.before(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    );
    recorder.record(applied);
    await pass(0);
    const closed = recorder.close();
    clock.advance(2000);
    await closed;
    assert.deepEqual(outcomes, ["givenUp"]);
  });
});
