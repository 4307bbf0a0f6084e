import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createNodeRules, type NodeRules } from "../../../../src/nmi/redirect/node-rules.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import type { FakeNode } from "./fake-node.ts";

/** When agents start unless told otherwise. */
export const startMs = Date.parse("2026-06-14T22:00:00Z");

interface Agent {
  readonly rules: NodeRules;
  readonly clock: SimulatedClock;
  /** What it says in the log. */
  readonly told: readonly string[];
  /** Those of it that are warnings. */
  readonly warned: readonly string[];
  /** Lets the next regular look come and end, and what is done beside it. */
  readonly nextLook: () => Promise<void>;
}

/** Starts one on the node; it ends with the test. */
export async function startAgent(
  t: TestContext,
  node: Pick<FakeNode, "commands">,
  options: {
    readonly mode?: "auto" | "nft" | "iptables";
    readonly atMs?: number;
    readonly port?: number;
  } = {},
): Promise<Agent> {
  const clock = createSimulatedClock(options.atMs ?? startMs);
  const told: string[] = [];
  const warned: string[] = [];
  const tell = (_: unknown, message?: string): void => void told.push(message ?? "");
  const warn = (fields: unknown, message?: string): void => {
    tell(fields, message);
    warned.push(message ?? "");
  };
  const rules = createNodeRules({
    clock,
    log: { ...createSilentLog(), info: tell, warn },
    commands: node.commands,
    terms: {
      metadata: { address: "169.254.169.254", port: 80 },
      agent: { address: "10.0.0.4", port: options.port ?? 2579 },
    },
    mode: options.mode ?? "auto",
    checkEveryMs: 5000,
  });
  t.after(() => rules.close());
  await rules.start();
  const nextLook = async (): Promise<void> => {
    const ended = clock.timerStarted(5000);
    clock.advance(5000);
    await ended;
    // What is done beside the looks waits for nothing but promises here.
    await turn();
  };
  return { rules, clock, nextLook, told, warned };
}
