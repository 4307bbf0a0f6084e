import type { Clock } from "../../runtime/clock.ts";
import { RedirectError } from "./errors.ts";
import { createPatience, newestIn, nextGeneration } from "./generation.ts";
import {
  hasAllRules,
  planChainRemoval,
  planChains,
  planForwardGuard,
  planInstall,
  readOwnPart,
  tableNames,
  type IptablesTable,
  type TableName,
} from "./iptables-chains.ts";
import type { Backend, CommandResult, Commands, Terms } from "./ports.ts";

/** For the lock that whoever changes iptables holds. */
const waitForLock = ["-w", "5"];

/**
 * Rules in iptables, for nodes without nft. What was altered is told as with nft: by what was read right after
 * the installation. Made when the agent starts.
 */
export function createIptablesBackend(commands: Commands, terms: Terms, clock: Clock): Backend {
  const startMs = clock.nowMs();
  const patience = createPatience(clock);
  const known = new Map<string, string>();
  let generation: number | null = null;
  const ensureTable = async (table: IptablesTable, listing: string): Promise<boolean> => {
    if (known.get(table.name) === readOwnPart(table, listing)) return false;
    known.delete(table.name);
    await restore(commands, planInstall(table, listing));
    known.set(table.name, readOwnPart(table, await list(commands, table.name)));
    return true;
  };
  return {
    name: "iptables",
    ensure: async () => {
      const filter = await list(commands, "filter");
      const nat = await list(commands, "nat");
      const newest = newestIn(filter + nat);
      generation ??= nextGeneration(startMs, filter + nat);
      if (newest > generation) {
        const [guardOfAny, redirectOfAny] = planChains(terms, 0);
        const areWhole = hasAllRules(guardOfAny, filter) && hasAllRules(redirectOfAny, nat);
        if (!patience.isOver(areWhole)) return areWhole ? "left to another" : "damaged, left to another";
        generation = newest + 1;
      }
      const [guard, redirect] = planChains(terms, generation);
      let isGuardNew = false;
      let isRedirectNew = false;
      try {
        isGuardNew = await ensureTable(guard, filter);
      } finally {
        // Also without a guard: each of the two keeps pods from the real service.
        isRedirectNew = await ensureTable(redirect, nat);
      }
      return isGuardNew || isRedirectNew ? "installed" : "intact";
    },
  };
}

/**
 * Refuses what is forwarded to the metadata address, unless a chain with all its rules does so already.
 * @throws RedirectError when that does not work.
 */
export async function guardForwardInIptables(commands: Commands, metadata: Terms["metadata"]): Promise<void> {
  const guard = planForwardGuard(metadata);
  const listing = await list(commands, guard.name);
  const isOfAddress = listing.includes(` -d ${metadata.address}/32 `);
  if (isOfAddress && hasAllRules(guard, listing)) return;
  await restore(commands, planInstall(guard, listing));
}

/**
 * Takes our chains away, of whichever podid; none there is fine.
 * @throws RedirectError when they may still be there.
 */
export async function removeIptablesRules(commands: Commands): Promise<void> {
  for (const table of tableNames) {
    // oxlint-disable-next-line no-await-in-loop -- one lock
    const plan = await planRemovalFrom(commands, table);
    // oxlint-disable-next-line no-await-in-loop
    if (plan !== null) await restore(commands, plan);
  }
}

/**
 * What takes our chains out of a table, of whichever podid, for `restore`; null where there are none.
 * @throws RedirectError when that cannot be told.
 */
export async function planRemovalFrom(commands: Commands, table: TableName): Promise<string | null> {
  const listed = await commands.run("iptables", [...waitForLock, "-t", table, "-S"]);
  // A kernel without the table, or without iptables, has no chain in it. So iptables-legacy says either.
  if (listed.kind === "failed" && listed.problem.includes("do you need to insmod?")) return null;
  return planChainRemoval(table, outputOf("iptables", listed));
}

async function list(commands: Commands, name: TableName): Promise<string> {
  return outputOf("iptables", await commands.run("iptables", [...waitForLock, "-t", name, "-S"]));
}

/**
 * Does what is planned, in one step.
 * @throws RedirectError when that does not work.
 */
export async function restore(commands: Commands, plan: string): Promise<void> {
  const args = [...waitForLock, "--noflush"];
  outputOf("iptables-restore", await commands.run("iptables-restore", args, plan));
}

function outputOf(program: string, result: CommandResult): string {
  if (result.kind === "missing") throw new RedirectError("missing", `${program} is not there`);
  if (result.kind === "failed") throw new RedirectError("failed", `${program}: ${result.problem}`);
  return result.output;
}
