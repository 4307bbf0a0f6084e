import type { DataVersion } from "./cluster-data.ts";
import { EngineError } from "./errors.ts";
import { createRunnerPair } from "./runner-pair.ts";
import type { PolicyData, Runner } from "./runner.ts";

export type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly fault: EngineError };

/** Runners of one bundle's module, of which none is asked again after it threw. */
export interface RunnerPool {
  evaluate(path: string, input: unknown): Answer;
  close(): Promise<void>;
}

/**
 * Answers by the runner in use, and replaces it when it throws. While none has the data, every answer
 * is a fault.
 * @throws EngineError when the module cannot run here.
 */
export async function createRunnerPool(
  make: () => Promise<Runner>,
  data: PolicyData,
  onFault: (fault: EngineError) => void,
): Promise<RunnerPool> {
  const first = await make();
  const second = await make().catch(async (error: unknown) => {
    await first.close();
    throw error;
  });
  const pair = createRunnerPair([first, second], make, onFault);
  let refused: DataVersion | undefined;

  const attempt = (path: string, inputJson: string): Answer => {
    const runner = isSame(refused, data.version()) ? undefined : pair.inUse();
    if (runner === undefined) {
      return { ok: false, fault: new EngineError("Unavailable", "no instance of the policy has its data") };
    }
    try {
      return { ok: true, result: runner.evaluate(path, inputJson) };
    } catch (cause) {
      const fault = faultOf(cause);
      if (fault.code === "DataRefused") refused = data.version();
      pair.replace();
      return { ok: false, fault };
    }
  };
  return {
    evaluate: (path, input) => {
      const inputJson = JSON.stringify(input);
      const answer = attempt(path, inputJson);
      if (answer.ok || answer.fault.code !== "InstanceLost") return answer;
      onFault(answer.fault);
      return attempt(path, inputJson);
    },
    close: () => pair.close(),
  };
}

function faultOf(cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError("EvaluationFailed", "the policy could not be asked", { cause });
}

function isSame(one: DataVersion | undefined, other: DataVersion): boolean {
  return one?.epoch === other.epoch && one.patches === other.patches;
}
