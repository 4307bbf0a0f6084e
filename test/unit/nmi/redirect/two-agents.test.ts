import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { startAgent, startMs } from "./agent.ts";
import { createFakeNode, type FakeNode } from "./fake-node.ts";

/** The rule that leads to the agent, whichever program made it; empty when there is none. */
function redirectOf(node: FakeNode): string {
  const inNft = (node.tables.get("ip podid_redirect") ?? "")
    .split("\n")
    .filter((line) => line.includes("dnat to"));
  return [...inNft, ...node.chains.nat.filter((line) => line.includes("-j DNAT"))].join("\n");
}

/** Somebody takes it away, and nobody tells it. */
function loseRedirect(node: FakeNode): void {
  node.tables.delete("ip podid_redirect");
  node.chains.nat = node.chains.nat.filter((line) => !line.includes("PODID-REDIRECT"));
}

const withoutMark = (rule: string): string => rule.replace(/generation \d+/, "");

describe("the rules of a node with two agents", () => {
  for (const mode of ["nft", "iptables"] as const) {
    it(`are taken back in ${mode} from a later agent that died, 15 s after they were found damaged`, async (t) => {
      const node = createFakeNode();
      const old = await startAgent(t, node, { mode });
      const before = redirectOf(node);
      const young = await startAgent(t, node, { mode, atMs: startMs + 1000, port: 2580 });
      await young.rules.close();
      for (let looks = 0; looks < 10; looks += 1) await old.nextLook();
      assert.match(redirectOf(node), /:2580/, "intact rules are left to it");
      loseRedirect(node);
      for (let looks = 0; looks < 3; looks += 1) {
        await old.nextLook();
        assert.equal(redirectOf(node), "");
        assert.equal(old.rules.problem(), null);
        assert.match(old.rules.note() ?? "", /not whole/);
      }
      await old.nextLook();
      assert.equal(withoutMark(redirectOf(node)), withoutMark(before));
      assert.equal(old.rules.note(), null);
    });

    it(`are not fought for in ${mode} by two that live: who repairs them keeps them`, async (t) => {
      const node = createFakeNode();
      const old = await startAgent(t, node, { mode });
      const young = await startAgent(t, node, { mode, atMs: startMs + 1000, port: 2580 });
      for (let times = 0; times < 10; times += 1) {
        loseRedirect(node);
        await old.nextLook();
        await young.nextLook();
        await old.nextLook();
        assert.match(redirectOf(node), /:2580/);
      }
    });

    it(`stay in ${mode} with the one that took them back, though the other lives after all`, async (t) => {
      const node = createFakeNode();
      const old = await startAgent(t, node, { mode });
      const young = await startAgent(t, node, { mode, atMs: startMs + 1000, port: 2580 });
      loseRedirect(node);
      for (let looks = 0; looks < 4; looks += 1) await old.nextLook();
      assert.match(redirectOf(node), /:2579/);
      for (let looks = 0; looks < 10; looks += 1) {
        await young.nextLook();
        await old.nextLook();
        assert.match(redirectOf(node), /:2579/);
      }
      assert.match(young.rules.note() ?? "", /another podid/);
      assert.equal(young.rules.problem(), null);
    });
  }
});
