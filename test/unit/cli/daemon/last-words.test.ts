import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, it } from "node:test";

const daemon = resolve(import.meta.dirname, "../../../../src/cli/daemon/daemon.ts");

describe("what a daemon logged last is on standard output", () => {
  const ends = { "by a fault": "throw new Error('fault')", "at once": "process.exit(3)" };
  for (const [how, end] of Object.entries(ends)) {
    it(`when its process ends ${how} right after it`, () => {
      // The first flag it reads is the level; the next one it reads right after its warnings.
      const script = `
        import { runDaemon } from ${JSON.stringify(daemon)};
        let reads = 0;
        const get = () => { if (reads++ === 0) return "info"; ${end}; };
        await runDaemon({ component: "nmi", flags: { warnings: ["last words"], get } }, new AbortController().signal);`;
      const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
      assert.notEqual(child.status, 0);
      assert.match(child.stdout, /"warning":"last words"/, child.stderr);
    });
  }
});
