import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { startAgent, startMs } from "./agent.ts";
import { createFakeNode, type FakeNode } from "./fake-node.ts";

const guard = "inet podid_guard";
const redirect = "ip podid_redirect";

const hasChains = (node: FakeNode): boolean =>
  [...node.chains.filter, ...node.chains.nat].some((line) => line.includes("PODID-"));

/** Whether pods are kept from the real service, by whichever program. */
const isGuarded = (node: FakeNode): boolean =>
  node.tables.has(guard) || node.chains.filter.includes("-A FORWARD -j PODID-GUARD");

/** A node where nft does not work for now. */
function createNodeWithoutNft(): FakeNode {
  const node = createFakeNode();
  node.nftProblem = "Protocol not supported";
  return node;
}

describe("a node where nft did not work at first", () => {
  it("has its rules in nft from the first try at which that works, and never in nothing", async (t) => {
    const node = createNodeWithoutNft();
    const openAt: string[] = [];
    const { rules, nextLook, told } = await startAgent(t, {
      ...node,
      commands: {
        ...node.commands,
        run: async (program, args, input) => {
          const result = await node.commands.run(program, args, input);
          if (!isGuarded(node) && node.ran.some((line) => line.startsWith("iptables-restore")))
            openAt.push([program, ...args].join(" "));
          return result;
        },
      },
    });
    const metrics = createMetrics();
    rules.countIn(metrics);
    for (let looks = 0; looks < 3; looks += 1) await nextLook();
    assert.ok(hasChains(node));
    node.nftProblem = null;
    for (let looks = 0; looks < 4; looks += 1) await nextLook();
    assert.deepEqual([...node.tables.keys()], [guard, redirect]);
    assert.equal(hasChains(node), false);
    assert.deepEqual(openAt, []);
    assert.equal(rules.problem(), null);
    assert.deepEqual(
      told.filter((message) => message.includes("nft ")),
      ["nft does not work on this node", "nft works on this node now"],
    );
    const { text } = await metrics.render();
    assert.match(text, /^podid_nmi_rules_installed_total\{backend="iptables",cause="start"\} 1$/m);
    assert.match(text, /^podid_nmi_rules_installed_total\{backend="nft",cause="change"\} 1$/m);
  });

  it("stays with nft then, whatever happens to that", async (t) => {
    const node = createNodeWithoutNft();
    const { rules, nextLook } = await startAgent(t, node);
    node.nftProblem = null;
    await nextLook();
    node.nftProblem = "Resource temporarily unavailable";
    for (let looks = 0; looks < 3; looks += 1) await nextLook();
    assert.match(rules.problem() ?? "", /Resource temporarily unavailable/);
    assert.equal(hasChains(node), false);
    assert.ok(node.tables.has(guard));
    node.nftProblem = null;
    await nextLook();
    assert.equal(rules.problem(), null);
  });

  it("keeps iptables' rules in repair until then", async (t) => {
    const node = createNodeWithoutNft();
    const { nextLook, told } = await startAgent(t, node);
    node.chains.filter = node.chains.filter.filter((line) => !line.includes("PODID-"));
    const before = node.ran.length;
    await nextLook();
    assert.ok(isGuarded(node));
    const programs = node.ran.slice(before).map((line) => line.split(" ")[0]);
    assert.ok(
      programs.indexOf("iptables-restore") < programs.indexOf("nft"),
      "an nft that hangs delays no repair",
    );
    assert.equal(told.filter((message) => message === "nft does not work on this node").length, 1);
  });

  it("is asked for nft less and less often while that fails, since it may hang, and looked after as ever", async (t) => {
    const node = createNodeWithoutNft();
    const { clock, nextLook } = await startAgent(t, node);
    const beganMs = clock.monotonicMs();
    const triedAfterSeconds: number[] = [];
    for (let looks = 0; looks < 200; looks += 1) {
      const before = node.ran.length;
      node.chains.filter = node.chains.filter.filter((line) => !line.includes("PODID-"));
      await nextLook();
      assert.ok(isGuarded(node));
      if (node.ran.slice(before).some((line) => line.startsWith("nft "))) {
        triedAfterSeconds.push((clock.monotonicMs() - beganMs) / 1000);
      }
    }
    assert.deepEqual(triedAfterSeconds, [5, 15, 35, 75, 155, 315, 615, 915]);
  });

  it("is asked for nft at once when iptables does not work any more", async (t) => {
    const node = createNodeWithoutNft();
    const { rules, nextLook } = await startAgent(t, node);
    await nextLook();
    node.nftProblem = null;
    node.missing.add("iptables");
    await nextLook();
    assert.deepEqual([...node.tables.keys()], [guard, redirect]);
    assert.equal(rules.problem(), null);
  });

  it("is rid of iptables' rules at a later look when that does not work at first", async (t) => {
    const node = createNodeWithoutNft();
    const { rules, nextLook } = await startAgent(t, node);
    node.nftProblem = null;
    node.missing.add("iptables-restore");
    await nextLook();
    assert.ok(hasChains(node));
    assert.deepEqual([...node.tables.keys()], [guard, redirect]);
    assert.equal(rules.problem(), null);
    node.missing.delete("iptables-restore");
    await nextLook();
    assert.equal(hasChains(node), false);
  });

  it("is left to a later agent's rules in nft while they are whole, and kept in iptables while they are not", async (t) => {
    const node = createNodeWithoutNft();
    const old = await startAgent(t, node);
    node.nftProblem = null;
    const young = await startAgent(t, node, { atMs: startMs + 1000, port: 2580 });
    const whole = new Map(node.tables);
    node.tables.delete(guard);
    await old.nextLook();
    assert.ok(hasChains(node));
    await young.nextLook();
    for (let looks = 0; looks < 2; looks += 1) await old.nextLook();
    assert.equal(hasChains(node), false);
    assert.deepEqual(new Set(node.tables.keys()), new Set(whole.keys()));
    assert.match(old.rules.note() ?? "", /another podid, which started later/);
    assert.equal(old.rules.problem(), null);
  });

  it("is not asked for nft where iptables was asked for", async (t) => {
    const node = createFakeNode();
    const { nextLook } = await startAgent(t, node, { mode: "iptables" });
    await nextLook();
    assert.equal(node.tables.size, 0);
  });
});
