import assert from "node:assert/strict";
import { after } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

// Loaded before every test file: a forgotten timer or listener would otherwise hang the run.
const leftovers = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "TCPServerWrap");

after(async () => {
  let left = leftovers();
  for (let i = 0; i < 100 && left.length > 0; i += 1) {
    await turn(); // closing takes a few turns
    left = leftovers();
  }
  assert.deepEqual(left, []);
});
