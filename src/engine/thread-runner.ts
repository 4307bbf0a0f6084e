import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";

import type { DataVersion } from "./cluster-data.ts";
import { EngineError } from "./errors.ts";
import type { PolicyData, Runner } from "./runner.ts";
import { createThreadLine, type ThreadLine } from "./thread-line.ts";
import type { ThreadSetup, ThreadStart } from "./thread-messages.ts";

/** Loading data is our own code and takes 65 ms for 10,000 bindings; this only bounds a broken thread. */
const dataDeadlineMs = 10_000;
/** 256 MiB: room for some 40,000 bindings. The deadline stops a hungry decision long before. */
const maximumPages = 4096;
const maxOldGenerationSizeMb = 128;

/** The same program from the sources and from `dist`. */
const program = new URL(
  import.meta.url.endsWith(".ts") ? "./policy-thread.ts" : "./policy-thread.js",
  import.meta.url,
);

/**
 * A runner in a thread of its own, for a policy that may not end. The caller sleeps until the answer is
 * there, `deadlineMs` at most; `close` ends the thread whatever it is doing.
 * @throws EngineError when the module cannot run here.
 */
export async function startThreadRunner(
  module: WebAssembly.Module,
  paths: readonly string[],
  data: PolicyData,
  deadlineMs: number,
): Promise<Runner> {
  const { port1: port, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const setup: ThreadSetup = { module, paths, maximumPages, port: port2, replies };
  const resourceLimits = { maxOldGenerationSizeMb };
  const worker = new Worker(program, { workerData: setup, transferList: [port2], resourceLimits });
  const close = async (): Promise<void> => {
    port.close();
    await worker.terminate();
  };
  await started(worker).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  worker.unref();
  let alive = true;
  // Without a listener an error of the thread, such as a full JavaScript heap, would end the daemon.
  worker.on("error", () => (alive = false));
  worker.on("exit", () => (alive = false));

  const line = createThreadLine(port, replies);
  const prepare = feed(line, data);
  return {
    prepare,
    evaluate: (path, inputJson) => {
      if (!alive) throw new EngineError("InstanceLost", "the policy's thread has ended");
      prepare();
      awaitData(line);
      return ask(line, path, inputJson, deadlineMs);
    },
    close,
  };
}

async function started(worker: Worker): Promise<void> {
  const [start]: readonly ThreadStart[] = await once(worker, "message").catch((cause: unknown) => {
    throw new EngineError("EvaluationFailed", "the policy's thread does not start", { cause });
  });
  if (start?.ready === false) throw new EngineError(start.code, start.message);
}

/** Sends what is new in the data; the thread takes it while this one goes on. */
function feed(line: ThreadLine, data: PolicyData): () => void {
  let sent: DataVersion | undefined;
  return () => {
    const patches = data.since(sent);
    if (patches === undefined) line.send({ kind: "data", json: data.toJson() });
    else if (patches.length > 0) line.send({ kind: "patch", patches });
    sent = data.version();
  };
}

function awaitData(line: ThreadLine): void {
  for (let [kind] = line.open(); kind !== undefined; [kind] = line.open()) {
    const isNewest = line.open().length === 1;
    const reply = line.receive(dataDeadlineMs);
    if (reply?.ok === true) continue;
    const cause = reply?.message ?? "no reply from the policy's thread";
    // What is older than the newest data says nothing about these: another instance may take them whole.
    if (kind === "patch" || !isNewest) {
      throw new EngineError("InstanceLost", "a change of the data failed half-way", { cause });
    }
    throw new EngineError("DataRefused", "the policy module did not take its data", { cause });
  }
}

function ask(line: ThreadLine, path: string, inputJson: string, deadlineMs: number): unknown {
  line.send({ kind: "ask", path, inputJson });
  const reply = line.receive(deadlineMs);
  if (reply === undefined) {
    throw new EngineError("DeadlineExceeded", `${path} took longer than ${deadlineMs} ms`);
  }
  if (!reply.ok) throw new EngineError("EvaluationFailed", `${path} failed`, { cause: reply.message });
  return reply.resultJson === undefined ? undefined : JSON.parse(reply.resultJson);
}
