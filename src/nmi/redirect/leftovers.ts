import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { RedirectError } from "./errors.ts";
import { createGrowingPause } from "./growing-pause.ts";
import { planRemovalFrom, restore } from "./iptables-backend.ts";
import { tableNames, type TableName } from "./iptables-chains.ts";
import type { Commands } from "./ports.ts";

/** podid's rules in iptables on a node that has them in nft: of this process, of one before it, of one that still runs. */
export interface Leftovers {
  /**
   * Removes what is there, if it is time for another look. Only for a node whose rules are in force in nft: at no time
   * are there none. Never rejects but for a fault in podid.
   */
  remove(): Promise<void>;
}

/** Over ten minutes: longer than an agent that is being replaced, and may put its rules back, goes on running. */
const mostLooks = 8;

/** Looks a few times, ever less often, and then never again. */
export function createLeftovers({
  clock,
  log,
  commands,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly commands: Commands;
}): Leftovers {
  const pause = createGrowingPause(clock);
  let looksLeft = mostLooks;
  const told = new Set<string>();
  const tellOnce = (level: "info" | "warn", { message: problem }: RedirectError, text: string): void => {
    if (!told.has(text)) log[level]({ problem }, text);
    told.add(text);
  };
  const removeFrom = async (table: TableName): Promise<void> => {
    const plan = await attempt(planRemovalFrom(commands, table));
    if (plan === null) return;
    if (plan instanceof RedirectError) {
      // What it made, nobody can remove without it.
      if (plan.code === "missing") looksLeft = 0;
      else tellOnce("info", plan, "whether podid's rules stand in iptables as well cannot be told");
      return;
    }
    const failed = await attempt(restore(commands, plan));
    if (failed !== undefined) tellOnce("warn", failed, "iptables' rules stand beside those of nft for now");
    else log.info({ table }, "rules that podid had in iptables are removed");
  };
  return {
    remove: async () => {
      if (looksLeft === 0 || !pause.isOver()) return;
      looksLeft -= 1;
      for (const table of tableNames) {
        // oxlint-disable-next-line no-await-in-loop -- one lock
        await removeFrom(table);
      }
      pause.begin();
    },
  };
}

async function attempt<T>(work: Promise<T>): Promise<T | RedirectError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RedirectError) return error;
    throw error;
  }
}
