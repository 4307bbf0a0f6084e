import { RedirectError } from "./errors.ts";
import { planRemoval, planTables, type NftTable } from "./nft-tables.ts";
import type { Backend, Commands, Terms } from "./ports.ts";

/**
 * Rules in nftables, by the program nft. Whether a table was altered is told by its listing, compared with the one
 * read right after it was installed: how nft writes a rule differs from version to version. So the first `ensure` of a
 * process always installs, which replaces a table in one step.
 */
export function createNftBackend(commands: Commands, terms: Terms): Backend {
  const installed = new Map<string, string>();
  const ensureTable = async (table: NftTable): Promise<boolean> => {
    const known = installed.get(table.name);
    if (known !== undefined && known === (await listTable(commands, table))) return false;
    installed.delete(table.name);
    await apply(commands, table.script);
    const listing = await listTable(commands, table);
    if (listing === null) throw new RedirectError("failed", `table ${table.name} is gone at once`);
    installed.set(table.name, listing);
    return true;
  };
  const [guard, redirect] = planTables(terms);
  return {
    name: "nft",
    ensure: async () => {
      const isGuardNew = await ensureTable(guard);
      const isRedirectNew = await ensureTable(redirect);
      return isGuardNew || isRedirectNew ? "installed" : "intact";
    },
  };
}

/**
 * Takes both tables away, of whichever podid; none there is fine.
 * @throws RedirectError when they may still be there.
 */
export async function removeNftRules(commands: Commands): Promise<void> {
  await apply(commands, planRemoval());
}

async function apply(commands: Commands, script: string): Promise<void> {
  const result = await commands.run("nft", ["-f", "-"], script);
  if (result.kind === "missing") throw new RedirectError("missing", "nft is not there");
  if (result.kind === "failed") throw new RedirectError("failed", `nft: ${result.problem}`);
}

/** Null when it cannot be listed: whether it is missing is then told by installing it. */
async function listTable(commands: Commands, { family, name }: NftTable): Promise<string | null> {
  const result = await commands.run("nft", ["-s", "list", "table", family, name]);
  return result.kind === "done" ? result.output : null;
}
