import assert from "node:assert/strict";
import { copyFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { shippedFiles } from "../../../src/cli/paths.ts";
import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { runPodid, startPodid, type Finished, type Running } from "../podid.ts";
import { requestToken, type Caller } from "../token-request.ts";
import { readTable } from "./printed-table.ts";

type Row = Readonly<Record<string, string>>;

/** Without the weekday, which depends on today. */
const time = (cell = ""): string => cell.replace(/^[A-Z][a-z]{2} /, "");

describe("podid demo", () => {
  let demo: Finished;
  let answers: readonly Row[];
  before(async () => {
    demo = await runPodid("demo");
    answers = readTable(demo.stdout, "ASKS FOR");
  });
  const answersTo = (pod: string): readonly (readonly string[])[] =>
    answers
      .filter((row) => row["POD"] === pod)
      .map((row) => [time(row["BERLIN TIME"]), row["ANSWER"] ?? "", row["REASON"] ?? ""]);

  it("exits 0 and complains of nothing", () => {
    assert.deepEqual([demo.exitCode, demo.errorLines], [0, []]);
  });

  it("shows the founding example: a token from midnight to 1 AM, and neither before nor after", () => {
    assert.deepEqual(answersTo("shop/frontend-0"), [
      ["23:59:59", "403 refused", "OutsideSchedule"],
      ["00:00:00", "200 shop/datastore-reader", ""],
      ["00:50:00", "200 shop/datastore-reader", ""],
      ["00:59:59", "200 shop/datastore-reader", ""],
      ["00:59:59", "200 shop/datastore-reader", ""],
      ["01:00:00", "403 refused", "OutsideSchedule"],
    ]);
  });

  it("tells the SDK the window's end as the token's, and people when the next one opens", () => {
    const frontend = answers.filter((row) => row["POD"] === "shop/frontend-0");
    const told = frontend.map((row) => [time(row["EXPIRES ON"]), time(row["NEXT OPENING"])]);
    const open = ["01:00:00", ""];
    assert.deepEqual(told, [["", "00:00:00"], open, open, open, open, ["", "00:00:00"]]);
  });

  it("gives the heavier identity by default, the lighter one by its id, and nobody else's", () => {
    assert.deepEqual(answersTo("shop/worker-0"), [
      ["23:50:00", "200 shop/queue-writer", ""],
      ["23:50:00", "200 shop/queue-reader", ""],
      ["23:50:00", "400 refused", "IdentityNotFound"],
    ]);
  });

  it("serves classic bindings of type 0 and 1, and not the pod without one", () => {
    assert.deepEqual(answersTo("reports/report-0"), [["23:50:00", "200 reports/report-writer", ""]]);
    assert.deepEqual(answersTo("reports/invoice-0"), [["23:50:00", "200 reports/invoice-sender", ""]]);
    assert.deepEqual(answersTo("shop/stray-0"), [["23:50:00", "400 refused", "NoMatchingBinding"]]);
  });

  it("lets the excepted pod through to the node's own identity", () => {
    const expected = [["23:50:00", "200 the node's own identity", "PodExcepted"]];
    assert.deepEqual(answersTo("platform/agent-0"), expected);
  });

  it("puts the nightly identity on its VM by one PATCH before midnight, and off by one at 1 AM", () => {
    const journal = readTable(demo.stdout, "MACHINE");
    const ours = journal.filter((row) => [row["ON"], row["OFF"]].includes("datastore-reader"));
    const changes = ours.map((row) => [row["STATUS"], row["MACHINE"], row["ON"], row["OFF"]]);
    assert.deepEqual(changes, [
      ["202", "node-0", "datastore-reader", ""],
      ["202", "node-0", "", "datastore-reader"],
    ]);
    const [on = "", off = ""] = ours.map((row) => time(row["BERLIN TIME"]));
    assert.ok(on >= "23:57:00" && on < "23:58:00", `assigned at ${on}`);
    assert.ok(off >= "01:00:00" && off < "01:01:00", `unassigned at ${off}`);
  });

  it("prints no token", () => {
    assert.doesNotMatch(demo.stdout, /eyJ/);
  });
});

describe("podid demo --keep", () => {
  let demo: Running;
  let callers: ReadonlyMap<string, Caller>;
  before(async () => {
    demo = startPodid("demo", "--keep");
    const printed = await demo.readUntil("Ctrl-C ends it.");
    const pods = readTable(printed, "METADATA ENDPOINT");
    callers = new Map(pods.map((row) => [row["POD"] ?? "", callerAt(row["METADATA ENDPOINT"] ?? "")]));
  });
  after(() => demo.stop());
  const ask = (pod: string): ReturnType<typeof requestToken> =>
    requestToken(callers.get(pod) ?? assert.fail(`no address of ${pod}`), {});

  it("leaves every pod's metadata endpoint running", async () => {
    assert.equal(callers.size, 6);
    assert.equal((await ask("reports/report-0")).clientID, "aaaaaaaa-0000-4000-8000-000000000002");
    const nightly = await ask("shop/frontend-0");
    assert.equal(nightly.status, 403);
    assert.match(nightly.description, /binding shop\/nightly not in force: OutsideSchedule; opens /);
  });

  it("ends promptly on SIGTERM", async () => {
    assert.deepEqual(await demo.stop(), { exitCode: 0, stderr: "" });
  });
});

describe("podid demo --keep with a policy file", () => {
  it("says when a bundle in its place is refused, and when one is taken over", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "podid-demo-"));
    t.after(() => rm(folder, { recursive: true }));
    const policy = join(folder, "my.tar.gz");
    await copyFile(shippedFiles.bundle, policy);
    const demo = startPodid("demo", "--keep", "--policy", policy);
    try {
      await demo.readUntil("Ctrl-C ends it.");
      await writeFile(join(folder, "torn"), "not a bundle");
      await rename(join(folder, "torn"), policy);
      const refused = await demo.readUntil("policy refused");
      assert.match(refused, /my\.tar\.gz is not a policy bundle/);
      const files = {
        ...shippedPolicyFiles(),
        ".manifest": '{"revision": "mine", "roots": ["podid", "custom", "config"]}',
      };
      await withArchive(files, (path) => copyFile(path, join(folder, "next")));
      await rename(join(folder, "next"), policy);
      assert.match(
        await demo.readUntil("policy taken over"),
        /revision mine \(sha256:[0-9a-f]{12}\) of .*my\.tar\.gz/,
      );
    } finally {
      await demo.stop();
    }
  });
});

describe("podid demo, stopped", () => {
  it("ends promptly on SIGTERM in the middle", async () => {
    const demo = startPodid("demo");
    await demo.readUntil("asking for tokens");
    assert.deepEqual(await demo.stop(), { exitCode: 1, stderr: "" });
  });

  it("says in one line when a kubeconfig cannot be used", async () => {
    const { exitCode, errorLines } = await runPodid("demo", "--kubeconfig", "/nonexistent");
    assert.equal(exitCode, 3);
    assert.equal(errorLines.length, 1);
    assert.match(errorLines[0] ?? "", /^the demo cannot use the cluster of \/nonexistent: /);
  });
});

/** The way from inside a pod: a port of its own, behind which NMI sees the pod's address. */
function callerAt(url: string): Caller {
  const { host, hostname, port } = new URL(url);
  return { nmi: { host: hostname, port: Number(port) }, address: hostname, host };
}
