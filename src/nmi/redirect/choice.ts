import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { RedirectError } from "./errors.ts";
import { firstThatWorks } from "./first-that-works.ts";
import { createGrowingPause } from "./growing-pause.ts";
import { createIptablesBackend } from "./iptables-backend.ts";
import { createLeftovers } from "./leftovers.ts";
import { createNftBackend } from "./nft-backend.ts";
import type { Backend, Commands, Installation, Outcome, Terms } from "./ports.ts";

/** auto: nft, and iptables for as long as nft does not work. */
export type RedirectMode = "auto" | "nft" | "iptables";

export interface ChoiceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly commands: Commands;
  readonly terms: Terms;
  readonly mode: RedirectMode;
}

type Ensured =
  /** `installation`: what was put in place; null when all stood already. */
  | { readonly ok: true; readonly outcome: Outcome; readonly installation: Installation | null }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The program that the rules are made with. */
export interface Choice {
  /** Looks, and repairs, by the best program that works. Never rejects but for a fault in podid. */
  ensure(): Promise<Ensured>;
  /** Where nft was preferred and its rules are in force, takes those away that iptables may have. Rejects as `ensure`. */
  removeLeftovers(): Promise<void>;
  /** Null until one has worked. */
  current(): Backend["name"] | null;
}

/** Chooses nothing before the first `ensure`. */
export function createChoice(deps: ChoiceDeps): Choice {
  const { clock, log, mode } = deps;
  const ways = waysOf(deps);
  const pause = createGrowingPause(clock);
  const leftovers = createLeftovers(deps);
  let chosen: Backend | null = null;
  let isNftInForce = false;
  const onChosen = (backend: Backend, problems: readonly string[]): void => {
    if (problems.length > 0) log.warn({ problems, backend: backend.name }, "nft does not work on this node");
    if (chosen !== null) log.info({ backend: backend.name }, "nft works on this node now");
    chosen = backend;
  };
  return {
    ensure: async () => {
      // What is in use first: a better program that hangs must delay no repair of it.
      const kept = await firstThatWorks(chosen === null ? [] : [chosen], (way) => way.ensure());
      // A try that hangs puts the next look off, so there are few; without anything that works there is no time to lose.
      const due = kept.found === null || pause.isOver() ? betterThan(ways, chosen) : [];
      const better = await firstThatWorks(due, (way) => ensureBy(way, chosen));
      const found = better.found ?? kept.found;
      isNftInForce = found?.way.name === "nft" && found.result !== "damaged, left to another";
      if (found === null) return { ok: false, problems: [...better.problems, ...kept.problems] };
      if (better.problems.length > 0) pause.begin();
      const { way, result: outcome } = found;
      const installation =
        outcome === "installed" ? { backend: way.name, cause: causeOf(way, chosen) } : null;
      if (chosen !== way) onChosen(way, better.problems);
      return { ok: true, outcome, installation };
    },
    removeLeftovers: async () => {
      if (mode === "auto" && isNftInForce) await leftovers.remove();
    },
    current: () => chosen?.name ?? null,
  };
}

/** The best first. */
function waysOf({ mode, commands, terms, clock }: ChoiceDeps): readonly Backend[] {
  const nft = createNftBackend(commands, terms, clock);
  const iptables = createIptablesBackend(commands, terms, clock);
  return { auto: [nft, iptables], nft: [nft], iptables: [iptables] }[mode];
}

/**
 * Those that are better than the one in use are tried again and again, since what kept them from working may pass: a
 * module that was not loaded yet, a program that was late. The others are not, so that there is one change at most.
 */
function betterThan(ways: readonly Backend[], chosen: Backend | null): readonly Backend[] {
  return chosen === null ? ways : ways.slice(0, ways.indexOf(chosen));
}

/** Rules of another agent's that are not whole are no reason to leave what works. */
async function ensureBy(way: Backend, chosen: Backend | null): Promise<Outcome> {
  const outcome = await way.ensure();
  if (chosen !== null && outcome === "damaged, left to another") {
    throw new RedirectError("failed", `${way.name}: the rules of another podid are not whole`);
  }
  return outcome;
}

function causeOf(installed: Backend, chosen: Backend | null): Installation["cause"] {
  if (chosen === null) return "start";
  return chosen === installed ? "repair" : "change";
}
