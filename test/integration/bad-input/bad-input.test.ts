import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { renderProblem } from "../../../src/kubernetes/manifest-problem.ts";
import { binding, clientIDOf, manifest, node, pod, principal } from "../manifests.ts";
import { runPodid } from "../podid.ts";
import { startWorld } from "../world.ts";
import { defects, mended, type Defect } from "./defects.ts";

const good = manifest(node, ...principal("good"), binding("good"), pod("good"), pod("bad"));
const filesWith = (bad: string): Readonly<Record<string, string>> => ({ "bad.yaml": bad, "good.yaml": good });

/** One line for each place, and it says what is wrong. */
function checkLines(lines: readonly string[], { places, says }: Defect): void {
  assert.equal(lines.length, places.length, lines.join("\n"));
  for (const [index, place] of places.entries()) {
    assert.ok(lines[index]?.includes(`/${place}: `), `${lines[index]} is not at ${place}`);
    assert.match(lines[index] ?? "", says);
  }
}

describe("podid explain on a folder with a mistake", { concurrency: 2 }, () => {
  for (const defect of defects) {
    it(`ends with 2 and says where: ${defect.name}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), "podid-bad-"));
      t.after(() => rm(folder, { recursive: true }));
      const files = Object.entries(filesWith(defect.text));
      await Promise.all(files.map(([file, text]) => writeFile(join(folder, file), text)));
      const args = ["explain", "pod", "shop/good", "--manifests", folder] as const;
      const { exitCode, stdout, errorLines } = await runPodid(...args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      checkLines(errorLines, defect);
    });
  }
});

describe("the daemons on a folder with a mistake", () => {
  for (const defect of defects) {
    it(`serve the rest, and nothing by the mistake until it is mended: ${defect.name}`, async (t) => {
      const manifests = filesWith(defect.text);
      const world = await startWorld({ at: "2026-06-15T10:00:00Z", manifests });
      t.after(() => world.close());
      checkLines(world.stack.source.problems().map(renderProblem), defect);
      assert.equal((await world.ask("shop/good")).clientID, clientIDOf("good"));

      const { status, reasons } = await world.during(world.ask("shop/bad"));
      assert.deepEqual([status, reasons], [defect.refused.status, [defect.refused.reason]]);
      assert.deepEqual(world.patches(), []);

      await world.edit("bad.yaml", mended, { kind: "AzureIdentityBinding", key: "shop/bad" });
      assert.deepEqual(world.stack.source.problems(), []);
      assert.equal((await world.ask("shop/bad")).clientID, clientIDOf("good"));
    });
  }

  it("withdraw what a file gave, when it breaks while they run", async (t) => {
    const [broken = assert.fail()] = defects;
    const world = await startWorld({ at: "2026-06-15T10:00:00Z", manifests: filesWith(mended) });
    t.after(() => world.close());
    assert.equal((await world.ask("shop/bad")).status, 200);
    await world.edit("bad.yaml", broken.text, { kind: "AzureIdentityBinding", key: "shop/bad" });
    checkLines(world.stack.source.problems().map(renderProblem), broken);
    assert.deepEqual((await world.during(world.ask("shop/bad"))).reasons, ["NoMatchingBinding"]);
    assert.equal((await world.ask("shop/good")).status, 200);
  });
});
