import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { waitFor } from "../../control-plane/wait.ts";
import { nodeAddress, noNodeNetwork, useNode, type NodeWorld } from "./node-world.ts";

const port = 2579;

for (const mode of ["nft", "iptables"] as const) {
  const skip = noNodeNetwork(mode, "conntrack") ?? false;

  describe(`a pod behind rules of ${mode}`, { skip }, () => {
    it("reaches the real service before there are any, then the agent alone, and the real one after their removal", async (t) => {
      const world = await useNode(t);
      assert.equal((await world.pod.probe()).answer, "real");
      const agent = await world.startAgent({ mode, port, first: "rules" });
      await world.pod.probe();
      assert.deepEqual(await world.pod.probe(), { answer: "agent", hasSeenReal: false });
      await agent.end("SIGTERM");
      assert.deepEqual(await world.pod.probe(), { answer: "ECONNREFUSED", hasSeenReal: false });
      world.removeRules();
      world.removeRules();
      assert.equal((await world.pod.probe()).answer, "real");
    });

    it("is refused at the agent's own port, which takes what was meant for the metadata address", async (t) => {
      const world = await useNode(t);
      const before = await world.startAgent({ mode, port, first: "listening" });
      await before.end("SIGKILL");
      world.removeRules();
      // The agent's port without rules, so that a refusal below is the rules' doing.
      world.spawnOnNode([
        process.execPath,
        "-e",
        `require("http").createServer((q, a) => a.end("agent")).listen(2580, "${nodeAddress}")`,
      ]);
      await waitFor(
        async () => (await world.pod.direct(`${nodeAddress}:2580`)).answer === "agent",
        "it listens",
      );
      await world.startAgent({ mode, port, first: "rules" });
      assert.equal((await world.pod.direct(`${nodeAddress}:${port}`)).answer, "ECONNREFUSED");
      assert.equal((await world.pod.direct(`169.254.169.254:${port}`)).answer, "ECONNREFUSED");
      assert.equal((await world.pod.direct(`${nodeAddress}:2580`)).answer, "agent");
      assert.equal((await world.pod.probe()).answer, "agent");
    });

    for (const first of ["rules", "listening"] as const) {
      for (const isRestart of [false, true]) {
        const start = isRestart ? "a restart after a crash" : "a first start";
        it(`loses a connection of before at ${start}, ${first} first`, async (t) => {
          const world = await useNode(t);
          if (isRestart) {
            const crashed = await world.startAgent({ mode, port, first });
            await crashed.end("SIGKILL");
            world.removeRules();
          }
          assert.equal((await world.pod.keep("old")).answer, "real");
          assert.equal((await world.pod.keep("idle")).answer, "real");
          await world.startAgent({ mode, port, first });
          await world.pod.probe();
          assert.match((await world.pod.keep("old")).answer, /^(?:agent|ECONNRESET)$/);
          assert.match((await world.pod.keep("idle")).answer, /^(?:agent|ECONNRESET)$/);
          assert.deepEqual(await world.pod.probe(), { answer: "agent", hasSeenReal: false });
        });
      }
    }

    it("keeps its connection to the agent when another one takes over the rules", async (t) => {
      const world = await useNode(t);
      await world.startAgent({ mode, port, first: "rules" });
      await world.pod.keep("long");
      const connections = (): string =>
        world.onNode("conntrack", "-L", "-p", "tcp", "--dport", "80", "-o", "id");
      const before = /id=(\d+)/.exec(
        connections()
          .split("\n")
          .find((line) => line.includes("ESTABLISHED")) ?? "",
      );
      await world.startAgent({ mode, port: port + 1, first: "rules" });
      assert.equal((await world.pod.keep("long")).answer, "agent");
      assert.ok(before !== null && connections().includes(before[0]), "it is the same connection");
    });
  });
}

/** A folder with an nft that does not work until `mend`. */
async function useBrokenNft(
  t: TestContext,
): Promise<{ readonly programs: string; readonly mend: () => Promise<void> }> {
  const programs = await mkdtemp(join(tmpdir(), "podid-nft-"));
  t.after(() => rm(programs, { recursive: true, force: true }));
  const nft = join(programs, "nft");
  await writeFile(nft, "#!/bin/sh\necho 'Protocol not supported' >&2\nexit 1\n");
  await chmod(nft, 0o755);
  return { programs, mend: () => rm(nft) };
}

/** Of all iptables holds. */
function chainsOf(world: NodeWorld): string {
  return world.onNode("iptables", "-S") + world.onNode("iptables", "-t", "nat", "-S");
}

const skip = noNodeNetwork("nft", "iptables") ?? false;
describe("a pod on a node where nft does not work at first", { skip }, () => {
  it("is behind rules of iptables, then of nft, and never reaches the real service", async (t) => {
    const world = await useNode(t);
    const { programs, mend } = await useBrokenNft(t);
    await world.startAgent({ mode: "auto", port, first: "listening", programs });
    assert.match(chainsOf(world), /PODID-GUARD/);
    await world.pod.probe();
    assert.deepEqual(await world.pod.probe(), { answer: "agent", hasSeenReal: false });
    await mend();
    await waitFor(() => !chainsOf(world).includes("PODID"), "iptables' rules are gone");
    assert.deepEqual(await world.pod.probe(), { answer: "agent", hasSeenReal: false });
    assert.match(world.onNode("nft", "list", "table", "inet", "podid_guard"), /reject with tcp reset/);
    assert.match(world.onNode("nft", "list", "table", "ip", "podid_redirect"), /dnat to/);
  });
});

describe("a pod on a node where an earlier agent had its rules in iptables", { skip }, () => {
  it("is behind rules of nft alone soon after the start of a later one, and never reaches the real service", async (t) => {
    const world = await useNode(t);
    world.onNode("iptables", "-A", "FORWARD", "-d", "10.99.0.1/32", "-j", "DROP");
    const others = chainsOf(world);
    const earlier = await world.startAgent({ mode: "iptables", port, first: "listening" });
    await earlier.end("SIGKILL");
    assert.match(chainsOf(world), /PODID-GUARD[^]*PODID-PORT[^]*PODID-REDIRECT/);
    await world.pod.probe();
    await world.startAgent({ mode: "auto", port, first: "listening" });
    await waitFor(() => !chainsOf(world).includes("PODID"), "iptables' rules are gone");
    assert.deepEqual(await world.pod.probe(), { answer: "agent", hasSeenReal: false });
    assert.equal(chainsOf(world), others);
    world.onNode("nft", "delete", "table", "ip", "podid_redirect");
    await waitFor(async () => (await world.pod.probe()).answer === "agent", "the rules in nft are in repair");
  });
});
