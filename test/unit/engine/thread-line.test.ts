import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel, Worker } from "node:worker_threads";

import { createThreadLine } from "../../../src/engine/thread-line.ts";

/** Wakes whoever sleeps on `replies` before it has anything to say, as the late notification of an earlier reply does. */
const late = `
const { workerData: { port, replies } } = require("node:worker_threads");
while (Atomics.notify(replies, 0) === 0);
port.postMessage({ ok: true, resultJson: "1" });
Atomics.add(replies, 0, 1);
Atomics.notify(replies, 0);
`;

test("takes a notification without a reply for none", async () => {
  const { port1: port, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const line = createThreadLine(port, replies);
  line.send({ kind: "ask", path: "p", inputJson: "{}" });
  const worker = new Worker(late, {
    eval: true,
    workerData: { port: port2, replies },
    transferList: [port2],
  });
  const ended = once(worker, "exit");
  assert.deepEqual(line.receive(60_000), { ok: true, resultJson: "1" });
  assert.deepEqual(line.open(), []);
  await ended;
  port.close();
});
