import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createAccessLog } from "../../../../src/cli/demo/access-log.ts";

const served = (pod: string, status: number): string =>
  `${JSON.stringify({ level: "info", msg: "request served", pod, status, reasons: [] })}\n`;

describe("the demo's access log", () => {
  it("remembers each pod's last request", () => {
    const log = createAccessLog();
    for (const line of [served("shop/a", 403), served("shop/b", 404), served("shop/a", 200)]) log.write(line);
    assert.equal(log.lastOf("shop/a")?.status, 200);
    assert.equal(log.lastOf("shop/b")?.status, 404);
    assert.equal(log.lastOf("shop/c"), undefined);
  });

  it("passes over other lines, and requests of nobody", () => {
    const log = createAccessLog();
    log.write('{"level":"info","msg":"manifest problem","pod":"shop/a"}\n');
    log.write('{"level":"info","msg":"request served","status":404,"reasons":["UnknownCaller"]}\n');
    assert.equal(log.lastOf("shop/a"), undefined);
  });
});
