import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { startAgent, startMs } from "./agent.ts";
import { createFakeNode, type FakeNode } from "./fake-node.ts";

const guard = "inet podid_guard";
const redirect = "ip podid_redirect";
const standBeside = "iptables' rules stand beside those of nft for now";
const notLookedAt = "whether podid's rules stand in iptables as well cannot be told";
/** More than there are looks for rules in iptables, over more than the ten minutes in which they are. */
const manyLooks = 300;
/** Each is looked at by itself. */
const tables = 2;

const hasChains = (node: FakeNode): boolean =>
  [...node.chains.filter, ...node.chains.nat].some((line) => line.includes("PODID-"));

const ranIptables = (node: FakeNode): readonly string[] =>
  node.ran.filter((line) => line.startsWith("iptables"));

/** A node with what an agent left there that had its rules in iptables. */
async function createNodeWithChains(t: TestContext): Promise<FakeNode> {
  const node = createFakeNode();
  const earlier = await startAgent(t, node, { mode: "iptables" });
  await earlier.rules.close();
  assert.ok(hasChains(node));
  node.ran.length = 0;
  return node;
}

describe("what an earlier agent left in iptables", () => {
  it("is removed by one that begins with nft, once its rules are in force", async (t) => {
    const node = await createNodeWithChains(t);
    const { rules, nextLook, warned } = await startAgent(t, node);
    assert.deepEqual([...node.tables.keys()], [guard, redirect]);
    assert.deepEqual(ranIptables(node), [], "a program that hangs delays no start");
    await nextLook();
    assert.equal(hasChains(node), false);
    assert.equal(rules.problem(), null);
    assert.deepEqual(warned, []);
  });

  it("stays while nft does not work", async (t) => {
    const node = await createNodeWithChains(t);
    const { nextLook } = await startAgent(t, node);
    node.nftProblem = "Resource temporarily unavailable";
    await nextLook();
    assert.ok(hasChains(node));
    node.nftProblem = null;
    await nextLook();
    assert.equal(hasChains(node), false);
  });

  it("stays while the rules in nft are of a later agent and not whole", async (t) => {
    const node = await createNodeWithChains(t);
    const { rules, nextLook } = await startAgent(t, node);
    const young = await startAgent(t, node, { mode: "nft", atMs: startMs + 1000 });
    await young.rules.close();
    node.tables.delete(guard);
    for (let looks = 0; looks < 3; looks += 1) {
      await nextLook();
      assert.match(rules.note() ?? "", /not whole/);
      assert.ok(hasChains(node));
    }
    await nextLook();
    assert.deepEqual(new Set(node.tables.keys()), new Set([guard, redirect]));
    assert.equal(hasChains(node), false);
  });

  it("is removed again when an agent that still runs has put it back, for ten minutes", async (t) => {
    const node = await createNodeWithChains(t);
    const chains = { ...node.chains };
    const { nextLook, clock } = await startAgent(t, node);
    const beganMs = clock.monotonicMs();
    await nextLook();
    Object.assign(node.chains, chains);
    for (let looks = 0; looks < 2; looks += 1) await nextLook();
    assert.equal(hasChains(node), false);
    let lastMs = 0;
    for (let looks = 0; looks < manyLooks; looks += 1) {
      const before = ranIptables(node).length;
      await nextLook();
      if (ranIptables(node).length > before) lastMs = clock.monotonicMs() - beganMs;
    }
    assert.equal(lastMs, 620_000);
  });

  it("is removed at a later look when that does not work at first, which is told once", async (t) => {
    const node = await createNodeWithChains(t);
    node.missing.add("iptables-restore");
    const { nextLook, warned } = await startAgent(t, node);
    for (let looks = 0; looks < 3; looks += 1) await nextLook();
    assert.deepEqual(warned, [standBeside]);
    node.missing.delete("iptables-restore");
    for (let looks = 0; looks < 4; looks += 1) await nextLook();
    assert.equal(hasChains(node), false);
  });

  it("is looked for once where there is no iptables, without a word", async (t) => {
    const node = createFakeNode();
    node.missing.add("iptables");
    const { nextLook, told, warned } = await startAgent(t, node);
    for (let looks = 0; looks < manyLooks; looks += 1) await nextLook();
    assert.equal(ranIptables(node).length, tables);
    assert.deepEqual([...warned, ...told], ["rules of the node installed"]);
  });

  for (const strerror of ["Table does not exist", "iptables who?"]) {
    it(`is nothing where the kernel says "${strerror}"`, async (t) => {
      const node = createFakeNode();
      node.iptablesProblem = `iptables v1.8.9 (legacy): can't initialize iptables table \`filter': ${strerror} (do you need to insmod?)`;
      const { nextLook, told } = await startAgent(t, node);
      for (let looks = 0; looks < manyLooks; looks += 1) await nextLook();
      assert.deepEqual(told, ["rules of the node installed"]);
    });
  }

  it("is not looked for for ever where iptables fails, which is told once and is no warning", async (t) => {
    const node = createFakeNode();
    node.iptablesProblem = "iptables v1.8.9 (nf_tables): table `filter' is incompatible, use 'nft' tool.";
    const { nextLook, told, warned, rules } = await startAgent(t, node);
    for (let looks = 0; looks < manyLooks; looks += 1) await nextLook();
    assert.equal(ranIptables(node).length, 8 * tables);
    assert.deepEqual(told, ["rules of the node installed", notLookedAt]);
    assert.deepEqual(warned, []);
    assert.equal(rules.problem(), null);
  });

  it("puts no look at the rules off where iptables hangs, and is looked for once at a time", async (t) => {
    const node = await createNodeWithChains(t);
    const { promise: hanging, resolve: endHanging } = Promise.withResolvers<void>();
    let hung = 0;
    const commands: FakeNode["commands"] = {
      ...node.commands,
      run: async (program, ...rest) => {
        if (program.startsWith("iptables")) {
          hung += 1;
          await hanging;
        }
        return node.commands.run(program, ...rest);
      },
    };
    const { nextLook } = await startAgent(t, { commands });
    await nextLook();
    node.tables.delete(guard);
    await nextLook();
    assert.ok(node.tables.has(guard), "repaired meanwhile");
    assert.equal(hung, 1);
    endHanging();
    await nextLook();
    assert.equal(hasChains(node), false);
  });

  it("is left alone where nft alone was asked for", async (t) => {
    const node = await createNodeWithChains(t);
    const { nextLook } = await startAgent(t, node, { mode: "nft" });
    await nextLook();
    assert.deepEqual(ranIptables(node), []);
  });
});
