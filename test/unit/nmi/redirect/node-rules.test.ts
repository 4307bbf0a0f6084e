import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { removeIptablesRules } from "../../../../src/nmi/redirect/iptables-backend.ts";
import { removeNftRules } from "../../../../src/nmi/redirect/nft-backend.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { startAgent, startMs } from "./agent.ts";
import { createFakeNode, type FakeNode } from "./fake-node.ts";

const guard = "inet podid_guard";
const redirect = "ip podid_redirect";

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !condition(); turns += 1) await turn();
  assert.ok(condition());
}

const leadsTo = (node: FakeNode): string | undefined =>
  /dnat to (\S+)/.exec(node.tables.get(redirect) ?? "")?.[1];

describe("the rules of a node", () => {
  it("are put in place with nft where that works, and known to be", async (t) => {
    const node = createFakeNode();
    const { rules } = await startAgent(t, node);
    assert.deepEqual([...node.tables.keys()], [guard, redirect]);
    assert.equal(leadsTo(node), "10.0.0.4:2579");
    assert.equal(rules.problem(), null);
    assert.ok(!node.ran.some((command) => command.startsWith("iptables")));
  });

  for (const [how, spoil] of [
    ["is not there", (node: FakeNode) => node.missing.add("nft")],
    ["does not work", (node: FakeNode) => (node.nftProblem = "Protocol not supported")],
  ] as const) {
    it(`are put in place with iptables where nft ${how}`, async (t) => {
      const node = createFakeNode();
      spoil(node);
      const { rules } = await startAgent(t, node);
      assert.equal(rules.problem(), null);
      assert.ok(node.chains.filter.includes("-A FORWARD -j PODID-GUARD"));
      assert.ok(node.chains.filter.includes("-A INPUT -j PODID-PORT"));
      assert.ok(node.chains.nat.includes("-A PREROUTING -j PODID-REDIRECT"));
    });
  }

  it("are not in place where nothing works, which is told and tried again", async (t) => {
    const node = createFakeNode();
    node.nftProblem = "Operation not permitted";
    node.missing.add("iptables");
    const { rules, nextLook } = await startAgent(t, node);
    assert.equal(
      rules.problem(),
      "the node's rules are not in place: nft: Operation not permitted; iptables is not there",
    );
    node.nftProblem = null;
    await nextLook();
    assert.equal(rules.problem(), null);
    assert.equal(leadsTo(node), "10.0.0.4:2579");
  });

  it("are not made with iptables where nft alone was asked for", async (t) => {
    const node = createFakeNode();
    node.missing.add("nft");
    const { rules } = await startAgent(t, node, { mode: "nft" });
    assert.equal(rules.problem(), "the node's rules are not in place: nft is not there");
  });

  const harms: Readonly<Record<string, (node: FakeNode) => void>> = {
    "the guard is deleted": ({ tables }) => tables.delete(guard),
    "the redirect is deleted": ({ tables }) => tables.delete(redirect),
    "everything is flushed": ({ tables }) => tables.clear(),
    "a rule is taken out": ({ tables }) => {
      tables.set(guard, (tables.get(guard) ?? "").replace(/.*tcp reset.*\n/, ""));
    },
    "the redirect leads elsewhere": ({ tables }) => {
      tables.set(redirect, (tables.get(redirect) ?? "").replace("10.0.0.4", "10.0.0.5"));
    },
  };
  for (const [name, harm] of Object.entries(harms)) {
    it(`are as before at once when ${name} and the kernel tells it`, async (t) => {
      const node = createFakeNode();
      await startAgent(t, node);
      const before = new Map(node.tables);
      node.harm("delete table inet podid_guard", () => harm(node));
      await until(() => node.tables.get(guard) === before.get(guard) && node.tables.size === 2);
      await until(() => node.tables.get(redirect) === before.get(redirect));
    });

    it(`are as before at the next look when ${name} and nobody tells it`, async (t) => {
      const node = createFakeNode();
      const { nextLook, rules } = await startAgent(t, node);
      const before = new Map(node.tables);
      harm(node);
      await nextLook();
      assert.deepEqual(node.tables, before);
      assert.equal(rules.problem(), null);
    });
  }

  it("are repaired in iptables when another's rule comes first, and each chain is jumped to once", async (t) => {
    const node = createFakeNode();
    const { nextLook } = await startAgent(t, node, { mode: "iptables" });
    const before = structuredClone(node.chains);
    node.chains.filter = node.chains.filter.flatMap((rule) =>
      rule === "-A FORWARD -j PODID-GUARD" ? ["-A FORWARD -j ACCEPT", rule] : [rule],
    );
    await nextLook();
    assert.deepEqual(
      node.chains.filter.filter((rule) => rule.startsWith("-A FORWARD")),
      ["-A FORWARD -j PODID-GUARD", "-A FORWARD -j ACCEPT"],
    );
    assert.deepEqual(node.chains.nat, before.nat);
  });

  it("are left alone while they are intact", async (t) => {
    const node = createFakeNode();
    const { nextLook } = await startAgent(t, node, { mode: "nft" });
    const before = node.ran.length;
    await nextLook();
    assert.deepEqual(
      new Set(node.ran.slice(before)),
      new Set([`nft -s list table ${guard}`, `nft -s list table ${redirect}`]),
    );
  });

  it("are repaired ten times between two looks at most, whoever insists", async (t) => {
    const node = createFakeNode();
    const { nextLook } = await startAgent(t, node);
    const installations = (): number => node.ran.filter((command) => command === "nft -f -").length;
    for (let times = 1; times < 10; times += 1) {
      node.harm("delete table ip podid_redirect", () => node.tables.delete(redirect));
      await until(() => installations() === times + 1 && node.tables.size === 2);
      for (let turns = 0; turns < 20; turns += 1) await turn();
    }
    node.harm("delete table ip podid_redirect", () => node.tables.delete(redirect));
    for (let turns = 0; turns < 50; turns += 1) await turn();
    assert.equal(installations(), 10);
    await nextLook();
    assert.equal(node.tables.size, 2);
  });

  it("do not heed what happens to others' tables", async (t) => {
    const node = createFakeNode();
    await startAgent(t, node);
    const before = node.ran.length;
    node.harm("add rule ip kube-proxy services accept", () => undefined);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.equal(node.ran.length, before);
  });

  for (const atMs of [startMs + 1000, startMs - 3_600_000]) {
    const when = atMs > startMs ? "later" : "later, by a clock that was set back";
    it(`are left to an agent that starts ${when}, for as long as it has them`, async (t) => {
      const node = createFakeNode();
      const old = await startAgent(t, node);
      const young = await startAgent(t, node, { atMs, port: 2580 });
      await old.nextLook();
      assert.equal(leadsTo(node), "10.0.0.4:2580");
      assert.equal(old.rules.problem(), null);
      assert.match(old.rules.note() ?? "", /another podid, which started later/);
      assert.equal(young.rules.problem(), null);
      assert.equal(young.rules.note(), null);
    });
  }

  it("stay when the agent ends, and nobody watches over them any more", async (t) => {
    const node = createFakeNode();
    const { rules, clock } = await startAgent(t, node);
    await rules.close();
    assert.equal(node.tables.size, 2);
    assert.equal(node.followers.size, 0);
    assert.equal(clock.nextTimerInMs(), null);
  });

  for (const mode of ["nft", "iptables"] as const) {
    it(`go by command, ${mode}, and once more is fine`, async (t) => {
      const node = createFakeNode();
      const clean = structuredClone(node.chains);
      node.chains.filter = [...node.chains.filter, "-A FORWARD -j ACCEPT"];
      const { rules } = await startAgent(t, node, { mode });
      await rules.close();
      for (let times = 0; times < 2; times += 1) {
        await removeNftRules(node.commands);
        await removeIptablesRules(node.commands);
        assert.equal(node.tables.size, 0);
        assert.deepEqual(node.chains, { ...clean, filter: [...clean.filter, "-A FORWARD -j ACCEPT"] });
      }
    });
  }

  it("are counted from the start, though the metrics come later", async (t) => {
    const node = createFakeNode();
    const { rules, nextLook } = await startAgent(t, node);
    const metrics = createMetrics();
    rules.countIn(metrics);
    node.tables.clear();
    await nextLook();
    const { text } = await metrics.render();
    assert.match(text, /^podid_nmi_rules_in_place 1$/m);
    assert.match(text, /^podid_nmi_rules_installed_total\{backend="nft",cause="start"\} 1$/m);
    assert.match(text, /^podid_nmi_rules_installed_total\{backend="nft",cause="repair"\} 1$/m);
  });

  it("come with connections of before forgotten, those to the real service alone", async (t) => {
    const node = createFakeNode();
    await startAgent(t, node);
    assert.deepEqual(
      node.ran.filter((command) => command.startsWith("conntrack")),
      ["conntrack -D -f ipv4 --orig-dst 169.254.169.254 --reply-src 169.254.169.254"],
    );
  });
});
