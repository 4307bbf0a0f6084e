import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listenAtLoopbacks } from "../../../../src/cli/daemon/host-endpoint.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";

describe("the host token endpoint", () => {
  const rows = [
    { host: "127.0.0.1", expected: ["::1"] },
    { host: "::1", expected: ["127.0.0.1"] },
    { host: "10.0.0.4", expected: ["127.0.0.1", "::1"] },
    { host: "0.0.0.0", expected: [] },
  ];
  for (const { host, expected } of rows) {
    it(`is served at ${expected.join(" and ") || "no other address"} beside ${host}`, async () => {
      const served: string[] = [];
      await listenAtLoopbacks(createSilentLog(), host, async (loopback) => void served.push(loopback));
      assert.deepEqual(served, expected);
    });
  }

  it("does without a loopback that the node has not, and says so", async () => {
    const warned: unknown[] = [];
    const log = { ...createSilentLog(), warn: (fields: unknown) => void warned.push(fields) };
    await listenAtLoopbacks(log, "127.0.0.1", () => Promise.reject(new Error("EADDRNOTAVAIL")));
    assert.partialDeepStrictEqual(warned, [{ loopback: "::1" }]);
  });
});
