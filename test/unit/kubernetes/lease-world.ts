import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createLeaseElector, type LeaseElector } from "../../../src/kubernetes/lease-elector.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeLeaseServer, type FakeLeaseServer } from "./fake-lease-server.ts";

export interface Contestant {
  readonly elector: LeaseElector;
  /** `null` while it does not lead. */
  readonly epoch: () => number | null;
  /** Whether the work was told to end. */
  readonly isTold: () => boolean;
  readonly end: () => string | null;
  /** Why the lease cannot be read or written; null when it can. */
  readonly trouble: () => string | null;
  /** Ends the work that `lead` does. */
  readonly drained: PromiseWithResolvers<void>;
  readonly stopping: AbortController;
}

export interface LeaseWorld {
  readonly clock: SimulatedClock;
  readonly server: FakeLeaseServer;
  readonly join: (name: string, options?: { readonly random?: number }) => Contestant;
  /** Lets time pass in steps of 100 ms, so that answers are seen when they come. */
  readonly pass: (seconds: number) => Promise<void>;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await turn();
}

export function createLeaseWorld(t: TestContext): LeaseWorld {
  const clock = createSimulatedClock(Date.parse("2026-06-14T22:30:00.123Z"));
  const server = createFakeLeaseServer();
  const join: LeaseWorld["join"] = (name, { random = 0 } = {}) => {
    let epoch: number | null = null;
    let told: AbortSignal | null = null;
    let end: string | null = null;
    let trouble: string | null = null;
    const drained = Promise.withResolvers<void>();
    const stopping = new AbortController();
    const elector = createLeaseElector({
      api: server.api,
      clock,
      log: createSilentLog(),
      random: () => random,
      namespace: "default",
      name: "lock",
      identity: name,
      onTrouble: (now) => void (trouble = now),
    });
    const running = elector.run(stopping.signal, async (leading, number) => {
      epoch = number;
      told = leading;
      await drained.promise;
      epoch = null;
    });
    const ended = running.then(
      (how) => void (end = how),
      (error: unknown) => void (end = String(error)),
    );
    t.after(async () => {
      server.before(null);
      server.after(null);
      drained.resolve();
      stopping.abort();
      await ended;
    });
    return {
      elector,
      epoch: () => epoch,
      isTold: () => told?.aborted === true,
      end: () => end,
      trouble: () => trouble,
      drained,
      stopping,
    };
  };
  const pass = async (seconds: number): Promise<void> => {
    await settle();
    for (let step = 0; step < seconds * 10; step += 1) {
      clock.advance(100);
      await settle();
    }
  };
  return { clock, server, join, pass };
}

/** A fault of the fake server: no answer came. */
export const unreachable = (): never => {
  throw new KubernetesError("Unreachable", "no answer");
};
