import type { ClusterData, DataPatch, DataVersion } from "./cluster-data.ts";
import { EngineError } from "./errors.ts";
import { instantiate } from "./wasm.ts";

/** Runs one instance of the policy module. After any throw it must be closed and never asked again. */
export interface Runner {
  /** Starts to bring the data up to date, where that does not keep the caller waiting. */
  prepare(): void;
  /**
   * The entrypoint's value on the data as they are now, or undefined when the policy leaves it undefined.
   * @throws EngineError `DataRefused` when the whole data were not taken, `InstanceLost` when another
   *   instance may do better, else what became of the evaluation.
   */
  evaluate(path: string, inputJson: string): unknown;
  /** Resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

/** All that stands under `data` for one bundle: its own data, and the cluster's. */
export interface PolicyData {
  version(): DataVersion;
  since(version: DataVersion | undefined): readonly DataPatch[] | undefined;
  toJson(): string;
}

/** Joins a bundle's own data with the cluster's, which the host owns. */
export function createPolicyData(
  bundleData: Readonly<Record<string, unknown>>,
  cluster: ClusterData,
): PolicyData {
  const own = Object.entries(bundleData).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  return {
    version: () => cluster.version(),
    since: (version) => cluster.since(version),
    toJson: () => `{${[...own, `"cluster":${cluster.toJson()}`].join(",")}}`,
  };
}

/**
 * A runner in this thread, for a policy that is known to end.
 * @throws EngineError when the module cannot run here.
 */
export async function startInlineRunner(
  module: WebAssembly.Module,
  paths: readonly string[],
  data: PolicyData,
): Promise<Runner> {
  const instance = await instantiate(module, paths);
  let held: DataVersion | undefined;

  const update = (): void => {
    const patches = data.since(held);
    try {
      if (patches === undefined) instance.setData(data.toJson());
      else if (patches.length > 0) instance.patchData(patches);
    } catch (cause) {
      if (patches !== undefined) {
        throw new EngineError("InstanceLost", "a change of the data failed half-way", { cause });
      }
      throw new EngineError("DataRefused", "the policy module did not take its data", { cause });
    }
    held = data.version();
  };
  return {
    prepare: () => undefined,
    evaluate: (path, inputJson) => {
      update();
      try {
        return instance.evaluate(path, inputJson);
      } catch (cause) {
        throw new EngineError("EvaluationFailed", `${path} failed`, { cause });
      }
    },
    close: () => Promise.resolve(),
  };
}
