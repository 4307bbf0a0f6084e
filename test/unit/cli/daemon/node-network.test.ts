import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { nmiFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";
import { startBehindGuard, startNodeNetwork } from "../../../../src/cli/daemon/node-network.ts";
import { CommandError } from "../../../../src/cli/errors.ts";
import { createNodeRules } from "../../../../src/nmi/redirect/node-rules.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { createFakeNode } from "../../nmi/redirect/fake-node.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "podid-network-"));
  await writeFile(join(folder, "kubenet"), "--network-plugin=kubenet");
  await writeFile(join(folder, "cni"), "--network-plugin=cni");
});
after(() => rm(folder, { recursive: true }));

/** All of these are refused before any program runs. */
const refused = [
  {
    name: "kubenet",
    args: ["--kubelet-config=kubenet"],
    says: /this node has kubenet .*--allow-network-plugin-kubenet/,
  },
  {
    name: "options of the kubelet that cannot be read",
    args: ["--kubelet-config=none"],
    says: /cannot be told.*ENOENT/,
  },
  { name: "loopback to redirect to", args: ["--nmi-listen-address=127.0.0.1"], says: /not loopback/ },
  { name: "an IPv6 address to redirect to", args: ["--nmi-listen-address=fd00::1"], says: /an IPv4 address/ },
  { name: "a metadata address that is none", args: ["--metadata-ip=metadata"], says: /--metadata-ip/ },
  { name: "any free port", args: ["--nmi-port=0"], says: /--nmi-port/ },
  { name: "no metadata port", args: ["--metadata-port=0"], says: /--metadata-port/ },
];

function parse(args: readonly string[]) {
  const inFolder = args.map((arg) => arg.replace("--kubelet-config=", `--kubelet-config=${folder}/`));
  return parseFlags("nmi", nmiFlags, inFolder);
}

describe("the node's network", () => {
  for (const { name, args, says } of refused) {
    it(`is not touched with ${name}, and podid does not start`, async () => {
      const flags = parse(["--redirect=nft", "--kubelet-config=cni", ...args]);
      await assert.rejects(startNodeNetwork(flags), (error) => {
        assert.ok(error instanceof CommandError);
        assert.equal(error.exitCode, 2);
        assert.match(error.message, says);
        return true;
      });
    });
  }

  for (const { name, args, says } of refused) {
    it(`refuses pods with ${name}, though podid does not start, and says so`, async () => {
      const flags = parse(["--redirect=nft", "--kubelet-config=cni", ...args]);
      const node = createFakeNode();
      await assert.rejects(
        startBehindGuard(flags, () => startNodeNetwork(flags), node.commands),
        (error) => {
          assert.ok(error instanceof CommandError);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, says);
          assert.match(error.message, /kept from the metadata service; podid nmi --remove-rules opens it$/);
          return true;
        },
      );
      assert.match(node.tables.get("inet podid_guard") ?? "", /ip daddr 169\.254\.169\.254 reject/);
      assert.equal(node.tables.size, 1);
    });
  }

  it("is guarded with iptables where nft does not work, and where nothing works the refusal says so", async () => {
    const flags = parse(["--kubelet-config=kubenet"]);
    const node = createFakeNode();
    node.nftProblem = "Operation not supported";
    await assert.rejects(
      startBehindGuard(flags, () => startNodeNetwork(flags), node.commands),
      /kept from/,
    );
    assert.ok(node.chains.filter.includes("-A FORWARD -j PODID-GUARD"));
    node.missing.add("iptables");
    await assert.rejects(
      startBehindGuard(flags, () => startNodeNetwork(flags), node.commands),
      /pods may reach the real metadata service: nft: Operation not supported; iptables is not there$/,
    );
  });

  for (const mode of ["nft", "iptables"] as const) {
    it(`is as before with a whole guard of another agent in ${mode} when podid does not start`, async (t) => {
      const node = createFakeNode();
      const clock = createSimulatedClock(0);
      const metadata = { address: "169.254.169.254", port: 80 };
      const terms = { metadata, agent: { address: "10.0.0.4", port: 2579 } };
      const { commands } = node;
      const log = createSilentLog();
      const rules = createNodeRules({ clock, log, commands, terms, mode, checkEveryMs: 5000 });
      t.after(() => rules.close());
      await rules.start();
      const whole = structuredClone({ tables: node.tables, chains: node.chains });
      const flags = parse([`--redirect=${mode}`, "--kubelet-config=kubenet"]);
      await assert.rejects(
        startBehindGuard(flags, () => startNodeNetwork(flags), commands),
        /kept from/,
      );
      assert.deepEqual({ tables: node.tables, chains: node.chains }, whole);
    });
  }

  it("is guarded by nothing with the redirect off", async () => {
    const node = createFakeNode();
    const flags = parse(["--redirect=off"]);
    assert.equal(await startBehindGuard(flags, () => Promise.resolve("started"), node.commands), "started");
    assert.deepEqual(node.ran, []);
  });

  it("is refused with kubenet by default where podid runs in a pod: there it redirects unasked", async () => {
    await assert.rejects(startNodeNetwork(parse(["--kubelet-config=kubenet"])), /this node has kubenet/);
  });

  for (const args of [["--redirect=off"], ["--manifests=m"], ["--kubeconfig=k"]]) {
    it(`is left alone with ${args.join(" ")}, kubenet or not`, async () => {
      const network = await startNodeNetwork(parse(["--kubelet-config=kubenet", ...args]));
      assert.equal(network.host, "127.0.0.1");
      assert.equal(network.problem(), null);
      await network.close();
    });
  }
});
