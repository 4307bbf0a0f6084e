import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { followAccessAdmission } from "../../../../src/cli/daemon/access-admission.ts";
import type { Vouching } from "../../../../src/kubernetes/served-admission.ts";
import { createLog } from "../../../../src/runtime/log.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { at, installed } from "../../kubernetes/admission-scene.ts";
import { bookmark, createScriptedApi } from "../../kubernetes/scripted-api.ts";

describe("the belief in grants", () => {
  it("is none until the policies were read, begins with them, and ends with the first that goes", async (t) => {
    const script = createScriptedApi();
    const clock = createSimulatedClock(at("2026-06-14T18:00:00Z"));
    const lines: string[] = [];
    const metrics = createMetrics();
    const heard: Vouching[] = [];
    const followed = await followAccessAdmission({
      api: script.api,
      clock,
      log: createLog({
        clock,
        level: "info",
        component: "nmi",
        destination: { write: (line) => void lines.push(line) },
      }),
      metrics,
      believe: (vouching) => heard.push(vouching),
    });
    t.after(() => followed.close());
    await script.settle();
    const gauge = async (): Promise<string | undefined> =>
      /^podid_grants_believed (\d)$/m.exec((await metrics.render()).text)?.[1];
    assert.equal(await gauge(), "0");
    assert.deepEqual(heard, []);

    for (const watch of script.watches) {
      watch.open();
      for (const object of installed) {
        if (object.kind.endsWith("Binding") === watch.path.endsWith("bindings")) {
          watch.line(JSON.stringify({ type: "ADDED", object }));
        }
      }
      watch.line(bookmark("10", { endsInitialEvents: true }));
    }
    await followed.synced;
    const first: readonly Vouching[] = [{ inForce: true, afterMs: at("2026-06-14T12:00:10Z") }];
    assert.deepEqual(heard, first);
    assert.equal(await gauge(), "1");
    assert.match(lines.join("\n"), /"after":"2026-06-14T12:00:10Z".*vouched for by admission policies/);

    const object = installed.find(({ kind }) => kind === "ValidatingAdmissionPolicyBinding");
    script.watches
      .find(({ path }) => path.endsWith("bindings"))
      ?.line(JSON.stringify({ type: "DELETED", object }));
    await script.settle();
    assert.equal(heard.length, 2);
    assert.equal(await gauge(), "0");
    assert.match(
      lines.at(-1) ?? "",
      /PolicyBinding podid-[a-z-]+: the cluster has none.*kubectl replace --force -f deploy\/admission.*count for nothing/,
    );
  });
});
