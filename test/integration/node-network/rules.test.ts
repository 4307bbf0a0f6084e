import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { waitFor } from "../../control-plane/wait.ts";
import { nodeAddress, noNodeNetwork, useNode } from "./node-world.ts";

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
