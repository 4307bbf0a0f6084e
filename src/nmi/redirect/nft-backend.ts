import type { Clock } from "../../runtime/clock.ts";
import { RedirectError } from "./errors.ts";
import { createPatience, newestIn, nextGeneration } from "./generation.ts";
import { ownTables, planForwardGuard, planRemoval, planTables, type NftTable } from "./nft-tables.ts";
import type { Backend, Commands, Outcome, Terms } from "./ports.ts";

/**
 * Rules in nftables, by the program nft. Whether a table was altered is told by its listing, compared with the one
 * read right after it was installed: how nft writes a rule differs from version to version. So the first `ensure` of a
 * process always installs, which replaces a table in one step. Made when the agent starts.
 */
export function createNftBackend(commands: Commands, terms: Terms, clock: Clock): Backend {
  const startMs = clock.nowMs();
  const patience = createPatience(clock);
  const known = new Map<string, string>();
  let generation: number | null = null;
  const install = async (wanted: readonly NftTable[]): Promise<void> => {
    for (const { name } of wanted) known.delete(name);
    await applyTogether(commands, wanted);
    const listings = await listTables(commands);
    for (const table of wanted) {
      const listing = listings.get(table.name);
      if (listing !== undefined && hasAllRules(table, listing)) known.set(table.name, listing);
    }
  };
  const look = async (): Promise<LeftToAnother | readonly NftTable[]> => {
    const listings = await listTables(commands);
    const all = [...listings.values()].join("\n");
    generation ??= nextGeneration(startMs, all);
    if (newestIn(all) > generation) {
      const areWhole = planTables(terms, 0).every((table) => isWhole(table, listings));
      if (!patience.isOver(areWhole)) return areWhole ? "left to another" : "damaged, left to another";
      generation = newestIn(all) + 1;
    }
    return planTables(terms, generation).filter(
      ({ name }) => !known.has(name) || known.get(name) !== listings.get(name),
    );
  };
  return {
    name: "nft",
    ensure: async () => {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        // oxlint-disable-next-line no-await-in-loop -- somebody may take a table away while we look
        const altered = await look();
        if (typeof altered === "string") return altered;
        if (altered.length === 0) return attempt === 0 ? "intact" : "installed";
        // oxlint-disable-next-line no-await-in-loop
        await install(altered);
      }
      throw new RedirectError("failed", "nft: podid's tables are not listed as they were installed");
    },
  };
}

type LeftToAnother = Exclude<Outcome, "intact" | "installed">;

/** Installing and finding everything as installed takes two. */
const mostAttempts = 4;

function isWhole(table: NftTable, listings: ReadonlyMap<string, string>): boolean {
  const listing = listings.get(table.name);
  return listing !== undefined && hasAllRules(table, listing);
}

/** What somebody altered between installing and listing must not be taken for what was installed. */
function hasAllRules({ script }: NftTable, listing: string): boolean {
  return countRules(listing) === countRules(script) && !listing.includes("dormant");
}

function countRules(text: string): number {
  return text.split("\n").filter((line) => /\b(?:accept|reject|dnat)\b/.test(line)).length;
}

/**
 * Refuses what is forwarded to the metadata address, unless a guard with all its rules does so already.
 * @throws RedirectError when that does not work.
 */
export async function guardForwardInNft(commands: Commands, metadata: Terms["metadata"]): Promise<void> {
  const listings = await listTables(commands);
  // The agent's address and port are of no matter to the guard's number of rules.
  const [whole] = planTables({ metadata, agent: metadata }, 0);
  const isOfAddress = listings.get(whole.name)?.includes(`ip daddr ${metadata.address} `) === true;
  if (isOfAddress && isWhole(whole, listings)) return;
  await apply(commands, planForwardGuard(metadata).script);
}

/** In one transaction, the guard with the redirect; where the kernel takes no redirect, the guard at least. */
async function applyTogether(commands: Commands, tables: readonly NftTable[]): Promise<void> {
  try {
    await apply(commands, tables.map(({ script }) => script).join(""));
  } catch (error) {
    const [guard] = tables;
    if (guard !== undefined && tables.length > 1) await apply(commands, guard.script);
    throw error;
  }
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

/** Those that can be listed: whether another is missing is then told by installing it. */
async function listTables(commands: Commands): Promise<ReadonlyMap<string, string>> {
  const listings = await Promise.all(
    ownTables.map(async ({ family, name }) => {
      const result = await commands.run("nft", ["-s", "list", "table", family, name]);
      return result.kind === "done" ? [[name, result.output] as const] : [];
    }),
  );
  return new Map(listings.flat());
}
