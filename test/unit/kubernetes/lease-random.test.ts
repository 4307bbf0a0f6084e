import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import * as fc from "fast-check";

import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createLeaseElector, type LeaseElector } from "../../../src/kubernetes/lease-elector.ts";
import { delay, type Clock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeLeaseServer } from "./fake-lease-server.ts";

/** How the way to the server is: requests or answers get lost, or take their time, longer than the caller has. */
const roads = ["open", "closed", "answers lost", "slow there", "slow back"] as const;
type Road = (typeof roads)[number];

function travel(api: Pick<KubernetesApi, "call">, clock: Clock, road: () => Road): KubernetesApi["call"] {
  return async (call) => {
    const now = road();
    if (now === "closed") throw new KubernetesError("Unreachable", "refused");
    if (now === "slow there") {
      // Nobody waits for it any more when it arrives.
      void delay(clock, 7_000)
        .then(() => api.call(call))
        .catch(() => undefined);
    }
    const answer = now === "slow there" ? undefined : await api.call(call);
    if (now === "slow back") await delay(clock, 4_900);
    if (now === "slow there") await delay(clock, 5_000);
    if (now === "open" || now === "slow back") return answer;
    throw new KubernetesError("Unreachable", "no answer");
  };
}

interface Replica {
  readonly elector: LeaseElector;
  readonly end: () => Promise<unknown>;
  road: Road;
}

const script = fc.array(
  fc.record({
    replica: fc.nat(2),
    road: fc.constantFrom(...roads),
    seconds: fc.constantFrom(0.3, 2, 6, 11, 20),
  }),
  { minLength: 1, maxLength: 15, size: "max" },
);

it("never are two electors leaders at a time, and there is one again when the roads are open", async () => {
  const property = fc.asyncProperty(
    script,
    fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
    async (steps, chances) => {
      const clock = createSimulatedClock(0);
      const server = createFakeLeaseServer();
      const epochs: number[] = [];
      const random = (): number => chances.next().value;
      const start = (identity: string): Replica => {
        const stopping = new AbortController();
        const api = { call: travel(server.api, clock, () => replica.road) };
        const log = createSilentLog();
        const elector = createLeaseElector({
          api,
          clock,
          log,
          random,
          namespace: "default",
          name: "lock",
          identity,
        });
        const campaign = async (): Promise<void> => {
          while (!stopping.signal.aborted) {
            await elector.run(stopping.signal, (leading, epoch) => {
              epochs.push(epoch);
              const { promise, resolve } = Promise.withResolvers<void>();
              leading.addEventListener("abort", () => resolve(), { once: true });
              return promise;
            });
          }
        };
        const running = campaign();
        const end = (): Promise<unknown> => {
          stopping.abort();
          return running;
        };
        const replica: Replica = { elector, end, road: "open" };
        return replica;
      };
      const replicas = ["podid-0", "podid-1", "podid-2"].map(start);
      const leaders = (): number => replicas.filter(({ elector }) => elector.isLeader()).length;
      const pass = async (seconds: number): Promise<void> => {
        for (let ms = 0; ms < seconds * 1000; ms += 100) {
          clock.advance(100);
          for (let i = 0; i < 3; i += 1) await turn();
          assert.ok(leaders() <= 1, `${leaders()} leaders at ${clock.monotonicMs()} ms`);
        }
      };
      try {
        for (const { replica, road, seconds } of steps) {
          const changed = replicas[replica];
          if (changed !== undefined) changed.road = road;
          await pass(seconds);
        }
        for (const replica of replicas) replica.road = "open";
        await pass(30);
        assert.equal(leaders(), 1);
        assert.deepEqual(
          epochs,
          epochs.toSorted((a, b) => a - b),
        );
      } finally {
        const ended = Promise.all(replicas.map(({ end }) => end()));
        // What is still on its slow way arrives.
        for (let seconds = 0; seconds < 20; seconds += 1) {
          clock.advance(1000);
          await turn();
        }
        await ended;
      }
    },
  );
  await fc.assert(property, { numRuns: 25 });
});
