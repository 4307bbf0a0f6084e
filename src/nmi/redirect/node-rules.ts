import type { Cancel } from "../../runtime/clock.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { createChoice, type ChoiceDeps } from "./choice.ts";
import { forgetConnections } from "./conntrack.ts";
import { createRulesMetrics, type RulesMetrics } from "./metrics.ts";
import type { Backend, Installation, Outcome } from "./ports.ts";

export interface NodeRulesDeps extends ChoiceDeps {
  /** How often the rules are looked at, whatever the kernel reports. */
  readonly checkEveryMs: number;
}

/** The rules of one node, kept in place for as long as the process lives, and left there when it ends. */
export interface NodeRules {
  /** Puts them in place and begins to watch over them. Resolves after the first attempt; `problem` says how it went. */
  start(): Promise<void>;
  /** Why they are not known to be in place; null when they are. */
  problem(): string | null;
  /** What people should know though they are in place, or soon will be; null when there is nothing. */
  note(): string | null;
  countIn(metrics: Metrics): void;
  /** Ends the watching. The rules stay: without an agent they refuse, without them pods reach the real service. */
  close(): Promise<void>;
}

/**
 * Two agents of different versions during an update, or another program that insists on its own rules, must not make
 * this one work without pause: beyond so many repairs the next regular look is soon enough.
 */
const mostRepairsBetweenLooks = 10;

/** Keeps rules in place; changes nothing before `start`. */
export function createNodeRules(deps: NodeRulesDeps): NodeRules {
  const { clock, commands, checkEveryMs } = deps;
  const keeper = createKeeper(deps);
  const looks = createLooks(keeper);
  let isClosed = false;
  let cancelTimer: Cancel | null = null;
  let monitor: Cancel | null = null;
  const onLine = (line: string): void => {
    if (line.includes("podid_")) looks.onNews();
  };
  const watch = (): void => {
    if (isClosed) return;
    if (keeper.backend() === "nft")
      monitor ??= commands.follow("nft", ["monitor"], { line: onLine, end: () => (monitor = null) });
    cancelTimer = clock.after(checkEveryMs, () => void looks.regular().then(watch));
  };
  return {
    start: async () => {
      await looks.first();
      watch();
    },
    problem: () => keeper.problem(),
    note: () => keeper.note(),
    countIn: (metrics) => keeper.countIn(metrics),
    close: async () => {
      isClosed = true;
      cancelTimer?.();
      monitor?.();
      await looks.end();
    },
  };
}

/** At the rules; one at a time, however many are asked for. */
interface Looks {
  first(): Promise<void>;
  onNews(): void;
  regular(): Promise<void>;
  /** Resolves when none is under way. */
  end(): Promise<void>;
}

function createLooks(keeper: Keeper): Looks {
  let repairs = 0;
  let isEnded = false;
  let tidying: Promise<void> | null = null;
  const look = oneAtATime(async () => {
    if ((await keeper.ensure()) === "installed") repairs += 1;
  });
  return {
    first: look.now,
    onNews: () => {
      if (repairs < mostRepairsBetweenLooks) void look.now();
    },
    regular: async () => {
      repairs = 0;
      await look.now();
      // Beside the looks: an iptables that hangs delays none of them. No process that has chosen nft goes back.
      if (!isEnded) tidying ??= keeper.removeLeftovers().finally(() => (tidying = null));
    },
    end: async () => {
      isEnded = true;
      await tidying;
      await look.ended();
    },
  };
}

/**
 * No problem of an agent's: where several run during an update both serve, at the same address and port. If the older
 * one were not ready, Kubernetes would end it, though the newer one may never work.
 */
const notes: Readonly<Record<Outcome, string | null>> = {
  intact: null,
  installed: null,
  "left to another": "another podid, which started later, has its rules on this node",
  "damaged, left to another":
    "the rules on this node are of another podid, which started later, and not whole: unless it repairs them soon this one does",
};

interface Keeper {
  /** Looks, and repairs; null when that does not work. Never rejects but for a fault in podid. */
  ensure(): Promise<Outcome | null>;
  /** Takes away what another program than the one in use holds. Never rejects but for a fault in podid. */
  removeLeftovers(): Promise<void>;
  problem(): string | null;
  note(): string | null;
  backend(): Backend["name"] | null;
  countIn(metrics: Metrics): void;
}

function createKeeper(deps: NodeRulesDeps): Keeper {
  const { log, commands, terms } = deps;
  const choice = createChoice(deps);
  let problem: string | null = "the node's rules are not in place yet";
  let outcome: Outcome | null = null;
  const tally = createTally();
  const onInstalled = async (installation: Installation): Promise<void> => {
    log.info(installation, "rules of the node installed");
    tally.onInstalled(installation);
    const trouble = await forgetConnections(commands, terms);
    if (trouble !== null) log.warn({ trouble }, "connections of before are cut by the guard, not forgotten");
  };
  const onLooked = (found: string | null): void => {
    if (found !== null && found !== problem)
      log.error({ problem: found }, "rules of the node are not in place");
    problem = found;
    tally.onLooked(problem === null && outcome !== "damaged, left to another");
  };
  return {
    ensure: async () => {
      const ensured = await choice.ensure();
      outcome = ensured.ok ? ensured.outcome : null;
      if (!ensured.ok) {
        onLooked(`the node's rules are not in place: ${ensured.problems.join("; ")}`);
        return null;
      }
      if (ensured.installation !== null) await onInstalled(ensured.installation);
      onLooked(null);
      return outcome;
    },
    removeLeftovers: () => choice.removeLeftovers(),
    problem: () => problem,
    note: () => (outcome === null ? null : notes[outcome]),
    backend: () => choice.current(),
    countIn: (metrics) => tally.countIn(metrics),
  };
}

/** The rules are there before there is anything to count them in: what came before is told then. */
function createTally(): RulesMetrics & { countIn(registry: Metrics): void } {
  let metrics: RulesMetrics | null = null;
  let isInPlace = false;
  let untold: readonly Installation[] = [];
  return {
    onLooked: (found) => {
      isInPlace = found;
      metrics?.onLooked(found);
    },
    onInstalled: (installation) => {
      if (metrics === null) untold = [...untold, installation];
      else metrics.onInstalled(installation);
    },
    countIn: (registry) => {
      metrics = createRulesMetrics(registry);
      metrics.onLooked(isInPlace);
      for (const installation of untold) metrics.onInstalled(installation);
      untold = [];
    },
  };
}

/** Runs `work` once more when it was asked for while it ran, and never twice at a time. */
function oneAtATime(work: () => Promise<void>): {
  readonly now: () => Promise<void>;
  readonly ended: () => Promise<void>;
} {
  let running: Promise<void> | null = null;
  let isAskedAgain = false;
  const run = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      await work();
    } while (isAskedAgain);
  };
  return {
    now: () => {
      isAskedAgain = running !== null;
      running ??= run().finally(() => (running = null));
      return running;
    },
    ended: async () => {
      await running;
    },
  };
}
