// The program of a thread that runs one instance of a policy which nobody has reviewed.
import { parentPort, workerData } from "node:worker_threads";

import { EngineError } from "./errors.ts";
import type { ThreadReply, ThreadRequest, ThreadSetup, ThreadStart } from "./thread-messages.ts";
import { instantiate, type PolicyInstance } from "./wasm.ts";

/** An answer is a few KiB; the daemon must not have to read megabytes. */
const longestResult = 1024 * 1024;

async function serve({ module, paths, maximumPages, port, replies }: ThreadSetup): Promise<void> {
  const instance = await instantiate(module, paths, maximumPages);
  port.on("message", (request: ThreadRequest) => {
    port.postMessage(reply(instance, request));
    Atomics.add(replies, 0, 1);
    Atomics.notify(replies, 0);
  });
}

function reply(instance: PolicyInstance, request: ThreadRequest): ThreadReply {
  try {
    if (request.kind === "ask") return answer(instance, request);
    if (request.kind === "data") instance.setData(request.json);
    else instance.patchData(request.patches);
    return { ok: true };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function answer(
  instance: PolicyInstance,
  { path, inputJson }: { readonly path: string; readonly inputJson: string },
): ThreadReply {
  const result = instance.evaluate(path, inputJson);
  if (result === undefined) return { ok: true };
  const resultJson = JSON.stringify(result);
  if (resultJson.length > longestResult) return { ok: false, message: "the answer is too long" };
  return { ok: true, resultJson };
}

const setup: ThreadSetup = workerData;
const start = await serve(setup).then(
  (): ThreadStart => ({ ready: true }),
  (error: unknown): ThreadStart => ({
    ready: false,
    code: error instanceof EngineError ? error.code : "EvaluationFailed",
    message: error instanceof Error ? error.message : String(error),
  }),
);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(start);
