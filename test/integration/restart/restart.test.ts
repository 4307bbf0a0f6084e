import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { z } from "zod";

import { waitFor } from "../../control-plane/wait.ts";
import { openNamespace, whyNoNamespaces, type NetworkNamespace } from "../clients/namespaces.ts";
import { nodeManifests } from "../clients/node-objects.ts";
import { startDaemon, type DaemonProcess } from "../kubernetes/daemon-process.ts";

// `podid nmi` as it is built, at ports that are the same for the old and the new process, as on a node.

const execute = promisify(execFile);
const restarts = 2;
const knockerProgram = join(import.meta.dirname, "knocker.ts");
const ports = ["--nmi-port=2579", "--http-probe-port=8085", "--prometheus-port=9090"];

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "podid-restart-"));
  for (const [file, content] of Object.entries(nodeManifests(Date.now()))) {
    await writeFile(join(folder, file), content);
  }
});
after(() => rm(folder, { recursive: true }));

/** Ended by the test; killed when the test process ends. */
function startNmi(more: readonly string[], enter: readonly string[] = []): DaemonProcess {
  return startDaemon(["nmi", `--manifests=${folder}`, "--node=node-0", ...more], {}, enter);
}

const knocksSchema = z.object({ answered: z.int(), longestPauseMs: z.number() }).catchall(z.int());
type Knocks = z.infer<typeof knocksSchema>;

/** A client in this network that opens a connection every millisecond, until it is told to stop. */
async function startKnocking({ enter }: NetworkNamespace): Promise<{ stop(): Promise<Knocks> }> {
  const [program = "", ...first] = enter;
  const child = spawn(program, [...first, process.execPath, knockerProgram, "127.0.0.1", "2579"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const said = text(child.stdout);
  return {
    stop: async () => {
      child.kill("SIGTERM");
      return knocksSchema.parse(JSON.parse(await said));
    },
  };
}

describe("a daemon that is replaced while pods ask", { skip: await whyNoNamespaces() }, () => {
  let network: NetworkNamespace;
  before(async () => {
    network = await openNamespace();
  });
  after(() => network.close());

  /** Replaces the daemon some times, each new one beside the old one first; answers what a client saw of it all. */
  async function replaceRepeatedly(migrates: boolean): Promise<Knocks> {
    const [program = "", ...first] = network.enter;
    const setting = `net.ipv4.tcp_migrate_req=${migrates ? 1 : 0}`;
    await execute(program, [...first, "sysctl", "-q", "-w", setting]);
    let daemon = startNmi(ports, network.enter);
    await daemon.said("ready");
    const knocking = await startKnocking(network);
    for (let count = 0; count < restarts; count += 1) {
      const next = startNmi(ports, network.enter);
      await next.said("ready");
      daemon.kill("SIGTERM");
      assert.deepEqual(await daemon.ended(), { code: 0, stderr: "" });
      daemon = next;
    }
    const knocks = await knocking.stop();
    daemon.kill("SIGTERM");
    await daemon.ended();
    return knocks;
  }

  it("leaves nobody unanswered where the kernel hands over what the old one had not accepted", async (t) => {
    const { longestPauseMs, answered, ...others } = await replaceRepeatedly(true);
    t.diagnostic(`${answered} connections over ${restarts} restarts, pause ${Math.round(longestPauseMs)} ms`);
    assert.ok(answered > 1000);
    assert.deepEqual(others, {});
  });

  it("refuses nobody where the kernel does not, and resets few", async (t) => {
    const { longestPauseMs, answered, ECONNRESET: reset = 0, ...others } = await replaceRepeatedly(false);
    t.diagnostic(
      `${answered} connections over ${restarts} restarts, ${reset} reset, pause ${Math.round(longestPauseMs)} ms`,
    );
    assert.ok(answered > 1000);
    // Those that came between the last accept and the end of the port: a few ms on a machine with much else to do.
    assert.ok(reset <= answered / 100, `${reset} of ${answered}`);
    assert.deepEqual(others, {});
  });

  it("is served by the next one after a crash, without a restart of its own", async (t) => {
    const killed = startNmi(ports, network.enter);
    await killed.said("ready");
    const knocking = await startKnocking(network);
    killed.kill("SIGKILL");
    await killed.ended();
    const next = startNmi(ports, network.enter);
    await next.said("ready");
    const { longestPauseMs, ECONNREFUSED: refused = 0 } = await knocking.stop();
    next.kill("SIGTERM");
    await next.ended();
    t.diagnostic(`${Math.round(longestPauseMs)} ms without an answer, ${refused} connections refused`);
    assert.ok(refused > 0);
  });
});

describe("a daemon that is told to stop", () => {
  it("answers who waits that they shall ask again, says that it is not ready, and ends", async () => {
    const daemon = startNmi(["--nmi-port=0"]);
    const { address } = z
      .looseObject({ address: z.object({ host: z.string(), port: z.int() }) })
      .parse(await daemon.said("serving tokens"));
    await daemon.said("ready");
    const early = connect(address.port, "127.0.0.1");
    await once(early, "connect");
    const waiting = requestToken(address.port);
    await waitFor(async () => {
      const { body } = await daemon.probe("/metrics");
      return /^podid_nmi_held_requests 1$/m.test(body);
    }, "a request that waits");
    daemon.kill("SIGTERM");
    const { statusCode, headers } = await waiting;
    assert.equal(statusCode, 503);
    assert.deepEqual([headers["retry-after"], headers.connection], ["2", "close"]);
    const { status, body } = await daemon.probe("/readyz");
    assert.equal(status, 503);
    assert.match(body, /"told to stop"/);
    // What had connected before is answered, too.
    early.write("GET /unknown HTTP/1.1\r\nHost: podid\r\n\r\n");
    assert.match(await text(early), /^HTTP\/1\.1 404 /);
    assert.deepEqual(await daemon.ended(), { code: 0, stderr: "" });
  });

  it("is waited for by one that cannot share its port", async () => {
    const first = startNmi(["--nmi-port=0"]);
    const { address } = z
      .looseObject({ address: z.object({ port: z.int() }) })
      .parse(await first.said("serving tokens"));
    const second = startNmi([`--nmi-port=${address.port}`]);
    await second.said("a port is taken; waiting for it");
    first.kill("SIGTERM");
    await second.said("serving tokens");
    second.kill("SIGTERM");
    assert.deepEqual(await Promise.all([first.ended(), second.ended()]), [
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
  });
});

/** As a pod that the node does not know, for which NMI waits. */
async function requestToken(port: number): Promise<IncomingMessage> {
  const path = "/metadata/identity/oauth2/token?resource=https://vault.azure.net";
  const headers = { metadata: "true", host: "169.254.169.254" };
  const asked = get({ host: "127.0.0.1", port, localAddress: "127.0.9.9", path, headers, agent: false });
  const [incoming] = z
    .tuple([z.custom<IncomingMessage>((value) => value instanceof Object)])
    .parse(await once(asked, "response"));
  incoming.resume();
  return incoming;
}
