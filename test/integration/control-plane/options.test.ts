import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { listAt, succeed, textAt } from "../../control-plane/api.ts";
import { startControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace, createServiceAccount } from "../../control-plane/fixtures.ts";
import { findProgram, rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";

describe("a control plane with options", () => {
  it("runs without streaming lists, and with the admission of service accounts", async (t) => {
    const startedMs = performance.now();
    const plane = await startControlPlane({
      featureGates: { WatchList: false },
      serviceAccountAdmission: true,
      apiServerFlags: ["--event-ttl=2m"],
    });
    t.diagnostic(`a control plane was ready after ${Math.round(performance.now() - startedMs)} ms`);
    try {
      const api = plane.api();
      const query =
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
      const watch = await api.get(`/api/v1/pods?${query}`);
      assert.equal(watch.status, 422);
      assert.match(textAt(watch.body, "message"), /sendInitialEvents is forbidden/);

      const namespace = await createNamespace(api);
      const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "app", image: "app" }] } };
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const refused = await api.post(pods, pod);
      assert.equal(refused.status, 403);
      assert.match(textAt(refused.body, "message"), /serviceaccount "default" not found/);
      await createServiceAccount(api, namespace, "default");
      const created = await waitFor(() => succeed(api.post(pods, pod)), "the account in force");
      assert.equal(listAt(created, "spec", "volumes").length, 1);
    } finally {
      const stoppedMs = performance.now();
      await plane.stop();
      t.diagnostic(`it was gone after ${Math.round(performance.now() - stoppedMs)} ms`);
    }
    assert.equal(existsSync(plane.folder), false);
    await assert.rejects(fetch(plane.etcdUrl));
  });

  it("says what the API server said when it does not start", async () => {
    const start = startControlPlane({ apiServerFlags: ["--no-such-flag"] });
    await assert.rejects(start, /kube-apiserver ended.*unknown flag: --no-such-flag/s);
  });

  it("names the command that builds a missing program", () => {
    const places = { assets: "/nowhere", tools: "/nowhere", path: "/nowhere:/nowhere-else" };
    assert.throws(() => findProgram("etcd", places), /etcd is missing: run `tools\/build.sh control-plane`/);
  });

  it("ends when the test runner is killed", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "podid-forgotten-"));
    t.after(() => rm(folder, { recursive: true }));
    const harness = pathToFileURL(join(rootPath, "test/control-plane/control-plane.ts")).href;
    const note = join(folder, "plane.json");
    const file = join(folder, "forgotten.test.mjs");
    await writeFile(
      file,
      `import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { startControlPlane } from ${JSON.stringify(harness)};
test("hangs", async () => {
  const { url, etcdUrl, folder } = await startControlPlane();
  writeFileSync(${JSON.stringify(note)}, JSON.stringify({ url, etcdUrl, folder }));
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
`,
    );
    // A runner inside a runner would refuse to run files.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const runner = spawn(process.execPath, ["--test", file], { env, stdio: "ignore" });
    const plane: unknown = await waitFor(
      async () => JSON.parse(await readFile(note, "utf8")),
      "a started plane",
      120_000,
    );
    assert.equal((await fetch(`${textAt(plane, "etcdUrl")}/health`)).status, 200);
    runner.kill("SIGKILL");
    await waitFor(() => !existsSync(textAt(plane, "folder")), "the folder is gone");
    for (const url of [textAt(plane, "etcdUrl"), textAt(plane, "url")]) {
      await waitFor(() => isRefused(url), `nobody listens at ${url}`);
    }
  });
});

/** Whether nothing listens; a server whose certificate is unknown listens. */
async function isRefused(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return false;
  } catch (error) {
    return error instanceof Error && JSON.stringify(error.cause).includes("ECONNREFUSED");
  }
}
