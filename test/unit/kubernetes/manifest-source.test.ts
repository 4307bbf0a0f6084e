import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { createManifestSource, type ManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import type { Change, ResourceSource } from "../../../src/kubernetes/resource-source.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createLog, createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  approval,
  binding,
  crds,
  folderWith,
  grant,
  identity,
  pod,
  writeManifest,
} from "./manifest-fixtures.ts";

const log = createSilentLog();

async function sourceOn(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<{ source: ManifestSource; directory: string; clock: SimulatedClock }> {
  const directory = await folderWith(t, files);
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  const source = await createManifestSource({ directory, crds, clock, log, watch: true });
  t.after(() => source.close());
  return { source, directory, clock };
}

/** Resolves with the changes up to and with the first that `wanted` picks. */
function changesUntil(
  source: ResourceSource,
  wanted: (change: Change) => boolean,
): Promise<readonly Change[]> {
  return new Promise((resolve) => {
    const seen: Change[] = [];
    const stop = source.subscribe((change) => {
      seen.push(change);
      if (!wanted(change)) return;
      stop();
      resolve(seen);
    });
  });
}

/** Does `write`, lets the time pass in which files settle, and waits for the change of `key`. */
async function after(
  { source, clock }: { readonly source: ManifestSource; readonly clock: SimulatedClock },
  key: string,
  write: () => Promise<void>,
): Promise<readonly Change[]> {
  const changes = changesUntil(source, (change) => change.key === key);
  await write();
  while ((clock.nextTimerInMs() ?? Infinity) > 100) await clock.timerStarted();
  clock.advance(100);
  return changes;
}

describe("a manifests directory as source", () => {
  it("serves what the folder holds when it is made", async (t) => {
    const { source } = await sourceOn(t, {
      "all.yaml": [
        pod("web"),
        identity("reader"),
        binding("nightly"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {password: x}\n",
      ].join("---\n"),
    });
    assert.deepEqual(
      source.list("Pod").map(({ name, node, phase }) => ({ name, node, phase })),
      [{ name: "web", node: "local", phase: "Running" }],
    );
    assert.equal(source.get("Node", "local")?.name, "local");
    assert.equal(source.get("AzureIdentity", "shop/reader")?.spec.type, 0);
    assert.equal(source.get("AzureIdentity", "shop/writer"), undefined);
    assert.equal(source.get("AzureIdentityBinding", "shop/nightly")?.creationTimestamp, null);
    assert.deepEqual(await source.readSecret("shop", "s"), new Map([["password", "x"]]));
    assert.equal(await source.readSecret("shop", "t"), undefined);
    assert.equal(source.ageSeconds(), 0);
    assert.deepEqual(source.problems(), []);
  });

  it("serves the local node alone when the folder is empty", async (t) => {
    const { source } = await sourceOn(t, {});
    assert.equal(
      source
        .list("Node")
        .map(({ name }) => name)
        .join(),
      "local",
    );
    assert.deepEqual(source.list("Pod"), []);
  });

  it("rejects when the folder is not there", async () => {
    for (const watch of [false, true]) {
      await assert.rejects(
        createManifestSource({
          directory: "/nowhere/at/all",
          crds,
          clock: createSimulatedClock(0),
          log,
          watch,
        }),
        { name: "KubernetesError", code: "DirectoryUnreadable" },
      );
    }
  });

  it("tells of added, modified and deleted objects, after reads see them", async (t) => {
    const fixture = await sourceOn(t, { "a.yaml": identity("reader"), "b.yaml": pod("web") });
    const { source, directory } = fixture;

    const added = await after(fixture, "shop/nightly", () =>
      writeManifest(directory, "c.yaml", binding("nightly")),
    );
    assert.deepEqual(added, [{ kind: "AzureIdentityBinding", key: "shop/nightly" }]);
    assert.ok(source.get("AzureIdentityBinding", "shop/nightly"));

    const before = source.get("AzureIdentity", "shop/reader");
    const modified = await after(fixture, "shop/reader", () =>
      writeManifest(directory, "a.yaml", identity("reader", "  clientID: c\n")),
    );
    assert.deepEqual(modified, [{ kind: "AzureIdentity", key: "shop/reader" }]);
    const now = source.get("AzureIdentity", "shop/reader");
    assert.equal(now?.spec.clientID, "c");
    assert.equal(now?.uid, before?.uid);
    assert.notEqual(now?.resourceVersion, before?.resourceVersion);

    const deleted = await after(fixture, "shop/web", () => rm(join(directory, "b.yaml")));
    assert.deepEqual(deleted, [{ kind: "Pod", key: "shop/web" }]);
    assert.equal(source.get("Pod", "shop/web"), undefined);
  });

  it("tells of grants and approvals, and says once that nobody vouches for the names in them", async (t) => {
    const fixture = await sourceOn(t, { "a.yaml": grant("one"), "p.yaml": pod("web") });
    const { source, directory } = fixture;
    const notice = {
      severity: "notice",
      file: directory,
      line: 1,
      field: "",
      message: "no API server vouches for requester and approver: grants and approvals are taken as written",
    };
    assert.deepEqual(source.problems(), [notice]);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/one")?.uid, "one-uid");

    const approved = await after(fixture, "shop/yes", () =>
      writeManifest(directory, "b.yaml", `${approval("yes", "one")}---\n${grant("two")}`),
    );
    assert.deepEqual(approved, [
      { kind: "AzureIdentityAccessGrant", key: "shop/two" },
      { kind: "AzureIdentityAccessApproval", key: "shop/yes" },
    ]);
    assert.equal(source.list("AzureIdentityAccessApproval").length, 1);
    assert.deepEqual(source.problems(), [notice]);

    const revoked = await after(fixture, "shop/one", () =>
      writeManifest(directory, "a.yaml", grant("one", "  revoked: true\n")),
    );
    assert.deepEqual(revoked, [{ kind: "AzureIdentityAccessGrant", key: "shop/one" }]);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/one")?.spec.revoked, true);
  });

  it("keeps the very objects that a change leaves as they were", async (t) => {
    const fixture = await sourceOn(t, {
      "a.yaml": identity("reader"),
      "b.yaml": `${binding("nightly")}---\n${pod("web")}`,
    });
    const { source, directory } = fixture;
    const kinds = ["AzureIdentity", "Pod", "Node"] as const;
    const before = kinds.map((kind) => source.list(kind)[0]);
    await after(fixture, "shop/nightly", () =>
      writeManifest(directory, "b.yaml", `${binding("nightly", "  weight: 2\n")}---\n${pod("web")}`),
    );
    for (const [index, kind] of kinds.entries()) assert.equal(source.list(kind)[0], before[index], kind);
    assert.equal(source.get("AzureIdentityBinding", "shop/nightly")?.spec.weight, 2);
  });

  it("gives a pod that comes back another uid, and the same address", async (t) => {
    const fixture = await sourceOn(t, { "b.yaml": pod("web") });
    const { source, directory } = fixture;
    const first = source.get("Pod", "shop/web");
    await after(fixture, "shop/web", () => rm(join(directory, "b.yaml")));
    await after(fixture, "shop/web", () => writeManifest(directory, "b.yaml", pod("web")));
    const second = source.get("Pod", "shop/web");
    assert.notEqual(second?.uid, first?.uid);
    assert.deepEqual(second?.addresses, first?.addresses);
  });

  it("gives the same uid after a restart, and keeps one that the manifest gives", async (t) => {
    const files = { "a.yaml": pod("web"), "b.yaml": pod("given").replace("  name", "  uid: u-1\n  name") };
    const one = await sourceOn(t, files);
    const two = await sourceOn(t, files);
    assert.equal(one.source.get("Pod", "shop/web")?.uid, two.source.get("Pod", "shop/web")?.uid);
    assert.equal(one.source.get("Pod", "shop/given")?.uid, "u-1");
  });

  it("withdraws a binding whose new version is broken", async (t) => {
    const fixture = await sourceOn(t, { "b.yaml": binding("nightly"), "p.yaml": pod("web") });
    const { source, directory } = fixture;
    await after(fixture, "shop/nightly", () =>
      writeManifest(directory, "b.yaml", binding("nightly", "  timebox: {suspend: true}\n")),
    );
    assert.equal(source.get("AzureIdentityBinding", "shop/nightly"), undefined);
    assert.ok(source.get("Pod", "shop/web"));
    assert.deepEqual(
      source.problems().map(({ field }) => field),
      ["spec.timebox"],
    );

    await after(fixture, "shop/nightly", () => writeManifest(directory, "b.yaml", binding("nightly")));
    assert.ok(source.get("AzureIdentityBinding", "shop/nightly"));
    assert.deepEqual(source.problems(), []);
  });

  it("sees folders that are made later, and what is written into them", async (t) => {
    const fixture = await sourceOn(t, {});
    const { source, directory } = fixture;
    await after(fixture, "shop/one", () => writeManifest(directory, "below/one.yaml", pod("one")));
    await after(fixture, "shop/two", () => writeManifest(directory, "below/two.yaml", pod("two")));
    assert.equal(source.list("Pod").length, 2);
  });

  it("serves nothing while the folder is gone, and all again when it is back", async (t) => {
    const fixture = await sourceOn(t, { "p.yaml": pod("web") });
    const { source, directory, clock } = fixture;
    await after(fixture, "shop/web", () => rename(directory, `${directory}-gone`));
    assert.deepEqual(source.list("Pod"), []);
    assert.match(source.problems()[0]?.message ?? "", /^cannot be read, so nothing is served: ENOENT/);
    await rename(`${directory}-gone`, directory);
    const back = changesUntil(source, ({ key }) => key === "shop/web");
    while (clock.nextTimerInMs() === null) await clock.timerStarted();
    clock.advance(30_000); // nobody tells of a folder that comes back
    await back;
    assert.deepEqual(source.problems(), []);
  });

  it("works on the machine's clock", async (t) => {
    const directory = await folderWith(t, {});
    const source = await createManifestSource({
      directory,
      crds,
      clock: createSystemClock(),
      log,
      watch: true,
    });
    t.after(() => source.close());
    const seen = changesUntil(source, ({ key }) => key === "shop/web");
    await writeManifest(directory, "p.yaml", pod("web"));
    await seen;
    assert.ok(source.get("Pod", "shop/web"));
    await source.close();
  });

  it("logs each problem once, and a listener's fault without stopping the others", async (t) => {
    const lines: string[] = [];
    const clock = createSimulatedClock(0);
    const destination = { write: (line: string) => void lines.push(line) };
    const noisy = createLog({ clock, level: "info", component: "test", destination });
    const directory = await folderWith(t, {
      "b.yaml": "kind: Pod\n",
      "s.yaml": "apiVersion: v1\nkind: Service\n",
    });
    const source = await createManifestSource({ directory, crds, clock, log: noisy, watch: true });
    t.after(() => source.close());
    source.subscribe(() => {
      throw new Error("listener");
    });
    await after({ source, clock }, "shop/web", () => writeManifest(directory, "p.yaml", pod("web")));
    assert.deepEqual(
      lines.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1]),
      ["manifest problem", "manifest notice", "a listener failed on a change"],
    );
    assert.match(lines[0] ?? "", /b\.yaml:1: apiVersion: must be v1 for Pod/);
  });

  it("reads once only when it does not watch", async (t) => {
    const directory = await folderWith(t, { "p.yaml": pod("web") });
    const clock = createSimulatedClock(0);
    const source = await createManifestSource({ directory, crds, clock, log, watch: false });
    assert.equal(source.list("Pod").length, 1);
    assert.equal(clock.nextTimerInMs(), null);
    await source.close();
  });
});
