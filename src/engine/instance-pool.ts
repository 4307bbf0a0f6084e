import type { Bundle } from "./bundle.ts";
import { EngineError } from "./errors.ts";
import { instantiate, type PolicyInstance } from "./wasm.ts";

type Answer = { readonly ok: true; readonly result: unknown } | { readonly ok: false };

/** Instances of one bundle's module, of which none is used again after it threw. */
export interface InstancePool {
  /** Replaces `data`; on failure every answer is `{ok: false}` until data is taken again. */
  setData(json: string): void;
  evaluate(path: string, input: unknown): Answer;
}

/**
 * Keeps one instance in use and one warm spare, because making one is asynchronous and an answer is
 * not. While neither can serve, every answer is `{ok: false}`.
 * @throws EngineError when the module cannot run here.
 */
export async function createInstancePool(
  bundle: Bundle,
  paths: readonly string[],
  onFault: (fault: EngineError) => void,
): Promise<InstancePool> {
  const module = await WebAssembly.compile(bundle.wasm).catch((cause: unknown) => {
    throw new EngineError("BundleIncomplete", "policy.wasm is not a WebAssembly module", { cause });
  });
  const make = (): Promise<PolicyInstance> => instantiate(module, paths);
  return servePool(await make(), await make(), make, JSON.stringify(bundle.data), onFault);
}

function servePool(
  first: PolicyInstance,
  second: PolicyInstance,
  make: () => Promise<PolicyInstance>,
  bundleDataJson: string,
  onFault: (fault: EngineError) => void,
): InstancePool {
  let dataJson = bundleDataJson;
  let active = loadData(first, dataJson, onFault);
  let spare: PolicyInstance | undefined = second;

  const refill = async (): Promise<void> => {
    const fresh = await make().catch((cause: unknown) => {
      onFault(new EngineError("EvaluationFailed", "no new instance of the policy could be made", { cause }));
      return undefined;
    });
    if (active === undefined) active = loadData(fresh, dataJson, onFault);
    else spare = fresh;
  };
  const replaceActive = (): void => {
    active = loadData(spare, dataJson, onFault);
    spare = undefined;
    void refill();
  };

  return {
    setData: (json) => {
      dataJson = json;
      if (loadData(active, dataJson, onFault) === undefined) replaceActive();
    },
    evaluate: (path, input) => {
      if (active === undefined) return { ok: false };
      try {
        return { ok: true, result: active.evaluate(path, JSON.stringify(input)) };
      } catch (cause) {
        onFault(new EngineError("EvaluationFailed", `${path} failed`, { cause }));
        replaceActive();
        return { ok: false };
      }
    },
  };
}

/** The instance with its data, or undefined when it did not take them: then it is not to be used. */
function loadData(
  instance: PolicyInstance | undefined,
  dataJson: string,
  onFault: (fault: EngineError) => void,
): PolicyInstance | undefined {
  try {
    instance?.setData(dataJson);
    return instance;
  } catch (cause) {
    onFault(new EngineError("DataRefused", "the policy module did not take its data", { cause }));
    return undefined;
  }
}
