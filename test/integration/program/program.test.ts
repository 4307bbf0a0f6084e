import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { policyFiles, sound, withArchive } from "../../unit/engine/compiled-policy.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");

/** What deploy/image/Dockerfile copies; there is no `node_modules` beside it. */
const shipped = ["bin", "dist", "deploy/crds", "package.json"];
/** They run when they are loaded. */
const programs: ReadonlySet<string> = new Set(["main.js", "policy-thread.js", "pod-app.js"]);

describe("the program as it is in the image", () => {
  let folder = "";
  const podid = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
    return (await run(join(folder, "bin/podid"), args, { env })).stdout;
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "podid-image-"));
    for (const part of shipped) await cp(join(root, part), join(folder, part), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("has all that daemons and commands load, at once or late", async () => {
    const files = await readdir(join(folder, "dist/cli"));
    const parts = files.filter((file) => file.endsWith(".js") && !programs.has(file));
    // Late: ARM's SDK, the reader of kubeconfigs, each command.
    for (const late of ["compute", "cluster", "kubeconfig", "controller", "nmi", "explain"])
      assert.ok(
        parts.some((part) => part.startsWith(`${late}-`)),
        late,
      );
    const load = `for (const part of ${JSON.stringify(parts)}) await import("./dist/cli/" + part)`;
    await run(process.execPath, ["--input-type=module", "--eval", load], { cwd: folder });
  });

  it("judges by its own policy, and in a thread by another", async () => {
    const manifests = ["--manifests", join(root, "demo"), "--at", "2026-06-14T22:30:00Z", "-o", "json"];
    const explain = (...more: readonly string[]): Promise<string> =>
      podid("explain", "pod", "shop/frontend-0", ...manifests, ...more);
    assert.match(await explain(), /"binding":\s*"shop\//);
    const byOther = await withArchive(policyFiles(sound), (bundle) => explain("--policy", bundle));
    assert.match(byOther, /"NoMatchingBinding"/);
  });

  it("has the licences of the packages in it", async () => {
    const text = await readFile(join(folder, "dist/cli/licences.txt"), "utf8");
    const packages = text.split(/^== /m).slice(1);
    assert.ok(packages.some((one) => one.startsWith("zod\n")));
    assert.deepEqual(
      packages.filter((one) => one.trim().split("\n").length < 5).map((one) => one.split("\n")[0]),
      [],
    );
  });
});
