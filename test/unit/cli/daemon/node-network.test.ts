import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { nmiFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";
import { startNodeNetwork } from "../../../../src/cli/daemon/node-network.ts";
import { CommandError } from "../../../../src/cli/errors.ts";

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
