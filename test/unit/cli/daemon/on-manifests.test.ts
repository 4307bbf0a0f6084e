import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { runController } from "../../../../src/cli/daemon/controller.ts";
import { runNmi } from "../../../../src/cli/daemon/nmi.ts";
import { shippedFiles } from "../../../../src/cli/paths.ts";
import { findFreePort } from "../../../control-plane/ports.ts";
import { waitFor } from "../../../control-plane/wait.ts";

const quiet = ["--log-level=error", "--probe-address=127.0.0.1", `--manifests=${shippedFiles.demoManifests}`];

interface Daemon {
  readonly probe: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  readonly stop: () => Promise<void>;
}

async function start(run: typeof runNmi, args: readonly string[]): Promise<Daemon> {
  const port = await findFreePort();
  const stopping = new AbortController();
  const flags = [...quiet, `--http-probe-port=${port}`, `--prometheus-port=${port}`, ...args];
  const running = run({ args: flags, print: () => undefined, signal: stopping.signal });
  const probe: Daemon["probe"] = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
    return { status: answer.status, body: await answer.text() };
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  // A daemon that cannot start says why; waiting for its probes would hide it.
  await Promise.race([running, waitFor(async () => (await probe("/readyz")).status === 200, "ready")]);
  return { probe, stop };
}

async function loginFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "podid-login-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "azure.json");
  const login = { cloud: "AzurePublicCloud", tenantId: "t", aadClientId: "c", aadClientSecret: "s" };
  await writeFile(path, JSON.stringify(login));
  return path;
}

describe("daemons on a folder of manifests", () => {
  it("NMI serves, tells of itself, and ends when asked", async () => {
    const { probe, stop } = await start(runNmi, ["--node=node-0", "--nmi-port=0"]);
    assert.deepEqual(await probe("/healthz"), { status: 200, body: "Active" });
    assert.match((await probe("/metrics")).body, /podid_policy_info\{/);
    assert.equal((await probe("/else")).status, 404);
    await stop();
  });

  it("the controller leads at once, and ends when asked", async (t) => {
    // Nobody listens there: what it wants of ARM fails, and is tried again.
    const directory = await mkdtemp(join(tmpdir(), "podid-endpoints-"));
    t.after(() => rm(directory, { recursive: true }));
    const endpoints = join(directory, "azure.json");
    const nowhere = `http://127.0.0.1:${await findFreePort()}`;
    await writeFile(endpoints, JSON.stringify({ authorityUrl: nowhere, armUrl: nowhere, imdsUrl: nowhere }));
    const { probe, stop } = await start(runController, [
      `--cloudconfig=${await loginFile(t)}`,
      `--azure-endpoints=${endpoints}`,
      "--leader-election-namespace=x",
    ]);
    await waitFor(async () => (await probe("/healthz")).body === "Active", "leading");
    await stop();
  });

  const wrong = [
    { name: "no node", run: runNmi, args: quiet, says: /--node or set NODE_NAME/ },
    { name: "an unknown flag", run: runNmi, args: [...quiet, "--nope"], says: /nope/ },
    {
      name: "managed mode across namespaces",
      run: runNmi,
      args: [...quiet, "--node=n", "--operation-mode=managed"],
      says: /--operation-mode=managed needs --forceNamespaced/,
    },
    {
      name: "no login",
      run: runController,
      args: [...quiet, "--http-probe-port=0", "--prometheus-port=0"],
      says: /no login for Azure/,
    },
    {
      name: "no such folder",
      run: runNmi,
      args: [
        "--manifests=/nonexistent",
        "--node=n",
        "--http-probe-port=0",
        "--prometheus-port=0",
        "--probe-address=127.0.0.1",
        "--log-level=error",
      ],
      says: /\/nonexistent cannot be read/,
    },
  ];
  for (const { name, run, args, says } of wrong) {
    it(`refuse to start with ${name}`, async () => {
      const signal = new AbortController().signal;
      await assert.rejects(run({ args, print: () => undefined, signal }), says);
    });
  }

  for (const [name, run] of [
    ["controller", runController],
    ["nmi", runNmi],
  ] as const) {
    it(`${name} lists its flags and tells its version`, async () => {
      const printed: string[] = [];
      const signal = new AbortController().signal;
      const print = (text: string): void => void printed.push(text);
      await run({ args: ["--help"], print, signal });
      await run({ args: ["--version"], print, signal });
      assert.match(printed[0] ?? "", /--http-probe-port/);
      assert.match(
        printed[1] ?? "",
        /^MIC Version: (\d+\.\d+\.\d+) - NMI Version: \1 - Commit: \w+ - Date: \S+$/,
      );
    });
  }
});
