import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";

import { z } from "zod";

import { waitFor } from "../../control-plane/wait.ts";
import { nodeAddress, noNodeNetwork, useNode, type NodeWorld } from "./node-world.ts";

const program = resolve(import.meta.dirname, "../../../bin/podid");
const probePort = 8085;
/** What an agent says to a request without the header, so by this body the agent is known. */
const byAgent = '{"error":"invalid_request","error_description":"Required metadata header not specified"}';
const closed = /^(?:ECONNREFUSED|ECONNRESET)$/;
const noRules = "podid's rules are not on this node any more: its pods reach the real metadata service\n";

/** Has the probe port until it is told something, and the loopback's token port for as long as it is listened to. */
const otherAgent = `
  const { createServer } = require("node:net");
  const [probes, tokens] = [${probePort}, 2579].map((port) => createServer().listen(port, "127.0.0.1"));
  tokens.once("listening", () => console.log("listening"));
  process.stdin.once("data", () => probes.close()).once("end", () => tokens.close());
`;

interface Started {
  readonly child: ReturnType<NodeWorld["spawnOnNode"]>;
  readonly said: readonly { readonly msg: string }[];
}

const lineSchema = z.looseObject({ msg: z.string() });

async function startNmi(
  t: TestContext,
  world: NodeWorld,
  options: { readonly prefix?: readonly string[]; readonly kubeletConfig?: string } = {},
): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "podid-node-"));
  t.after(() => rm(folder, { recursive: true }));
  const kubeletConfig = join(folder, "kubelet.txt");
  await writeFile(kubeletConfig, options.kubeletConfig ?? "KUBELET_FLAGS=--network-plugin=cni\n");
  const args = [
    `--manifests=${folder}`,
    "--node=n1",
    "--redirect=nft",
    `--kubelet-config=${kubeletConfig}`,
    "--probe-address=127.0.0.1",
    `--http-probe-port=${probePort}`,
    `--prometheus-port=${probePort}`,
  ];
  const command = [...(options.prefix ?? []), program, "nmi", ...args];
  const child = world.spawnOnNode(command, { HOST_IP: nodeAddress });
  const said: { readonly msg: string }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) =>
    said.push(lineSchema.parse(JSON.parse(line))),
  );
  return { child, said };
}

async function says({ child, said }: Started, message: string): Promise<void> {
  const isOver = (): boolean => child.exitCode !== null || said.some(({ msg }) => msg === message);
  await waitFor(isOver, `podid says "${message}"`);
  assert.equal(child.exitCode, null);
}

async function end({ child }: Started, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
  return child.exitCode;
}

/** The answer of its probe port, from the node. */
function probe(world: NodeWorld, path: string): string {
  const ask = `fetch("http://127.0.0.1:${probePort}${path}").then((a) => a.text()).then((text) => process.stdout.write(text))`;
  return world.onNode(process.execPath, "-e", ask);
}

function rulesOf(world: NodeWorld): string {
  return world.onNode("nft", "list", "ruleset");
}

/** In one order, whichever was installed last. */
function ownTables(world: NodeWorld): string {
  const guard = world.onNode("nft", "list", "table", "inet", "podid_guard");
  return guard + world.onNode("nft", "list", "table", "ip", "podid_redirect");
}

describe("podid nmi on a node", { skip: noNodeNetwork("nft", "setpriv") ?? false }, () => {
  it("is ready with its rules in place, and leaves them when it is stopped or killed, until they are removed by command", async (t) => {
    const world = await useNode(t);
    const first = await startNmi(t, world);
    await says(first, "ready");
    assert.deepEqual(JSON.parse(probe(world, "/readyz")), { ready: true, reasons: [], notes: [] });
    assert.equal(probe(world, "/healthz"), "Active");
    assert.match(probe(world, "/metrics"), /^podid_nmi_rules_in_place 1$/m);
    await world.pod.probe();
    assert.deepEqual(await world.pod.probe(), { answer: byAgent, hasSeenReal: false });
    assert.match((await world.pod.direct(`${nodeAddress}:2579`)).answer, closed);

    assert.equal(await end(first, "SIGTERM"), 0);
    assert.match((await world.pod.probe()).answer, closed);
    const second = await startNmi(t, world);
    await says(second, "ready");
    assert.equal((await world.pod.probe()).answer, byAgent);
    await end(second, "SIGKILL");
    const last = await world.pod.probe();
    assert.match(last.answer, closed);
    assert.equal(last.hasSeenReal, false);

    assert.equal(world.onNode(program, "nmi", "--remove-rules"), noRules);
    assert.equal(world.onNode(program, "nmi", "--remove-rules"), noRules);
    assert.equal((await world.pod.probe()).answer, "real");
    assert.doesNotMatch(rulesOf(world), /podid/);
  });

  it("takes over from an agent that still has its ports, and serves pods before the node's own processes", async (t) => {
    const world = await useNode(t);
    const other = world.spawnOnNode([process.execPath, "-e", otherAgent]);
    await once(other.stdout, "data");
    const nmi = await startNmi(t, world);
    await says(nmi, "a port is taken; waiting for it");
    other.stdin.write("leave the probe port\n");
    await says(nmi, "ready");
    assert.equal((await world.pod.probe()).answer, byAgent);
    const notes = [
      "/host/token is not served at 127.0.0.1 (listen EADDRINUSE: address already in use 127.0.0.1:2579)",
    ];
    assert.deepEqual(JSON.parse(probe(world, "/readyz")), { ready: true, reasons: [], notes });
    other.stdin.end();
    await waitFor(
      () => probe(world, "/readyz") === '{"ready":true,"reasons":[],"notes":[]}',
      "it is served at all addresses",
    );
    assert.equal(await end(nmi, "SIGTERM"), 0);
  });

  it("repairs what others take away, and counts it", async (t) => {
    const world = await useNode(t);
    const nmi = await startNmi(t, world);
    await says(nmi, "ready");
    const whole = ownTables(world);
    const tookMs: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      const startMs = performance.now();
      world.onNode("nft", "flush", "ruleset");
      await waitFor(() => ownTables(world) === whole, "the rules are back", 6000);
      tookMs.push(Math.round(performance.now() - startMs));
    }
    t.diagnostic(`back after nft flush ruleset in ${tookMs.join(", ")} ms`);
    await waitFor(
      () => /rules_installed_total\{backend="nft",cause="repair"\} [1-5]$/m.test(probe(world, "/metrics")),
      "the repairs are counted",
    );
    assert.equal((await world.pod.probe()).answer, byAgent);
  });

  it("serves and is not ready without the right to change the node's network, and says so", async (t) => {
    const world = await useNode(t);
    const nmi = await startNmi(t, world, { prefix: ["setpriv", "--bounding-set=-net_admin"] });
    await says(nmi, "ready");
    const { ready, reasons } = z
      .looseObject({ ready: z.boolean(), reasons: z.array(z.string()) })
      .parse(JSON.parse(probe(world, "/readyz")));
    assert.equal(ready, false);
    assert.match(reasons.join("\n"), /^the node's rules are not in place: nft: .*Operation not permitted/);
    assert.equal(probe(world, "/healthz"), "Not Active");
    assert.match(probe(world, "/metrics"), /^podid_nmi_rules_in_place 0$/m);
  });

  it("refuses a node with kubenet, and its pods are refused until the rules are removed by command", async (t) => {
    const world = await useNode(t);
    const { child } = await startNmi(t, world, { kubeletConfig: "KUBELET_FLAGS=--network-plugin=kubenet\n" });
    await waitFor(() => child.exitCode !== null, "podid ends");
    assert.equal(child.exitCode, 2);
    await world.pod.probe();
    const { answer, hasSeenReal } = await world.pod.probe();
    assert.match(answer, closed);
    assert.equal(hasSeenReal, false);
    assert.match(rulesOf(world), /table inet podid_guard/);
    assert.doesNotMatch(rulesOf(world), /podid_redirect/);
    assert.equal(world.onNode(program, "nmi", "--remove-rules"), noRules);
    assert.equal((await world.pod.probe()).answer, "real");
  });
});
