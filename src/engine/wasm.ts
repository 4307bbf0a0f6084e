import { loadPolicy } from "@open-policy-agent/opa-wasm";

import { createTimeBuiltins } from "../timebox/builtins.ts";
import { EngineError } from "./errors.ts";

/** One instance of the policy module. After any throw it must be thrown away (reference/opa-wasm.md §3). */
export interface PolicyInstance {
  /** Replaces `data` by a JSON document. */
  setData(json: string): void;
  /** Answers the entrypoint's value, or undefined when the policy leaves it undefined. */
  evaluate(entrypoint: string, inputJson: string): unknown;
}

/** Bounds what a policy can allocate; data costs about twelve times its JSON size. */
const memory = { initial: 16, maximum: 8192 };

/**
 * Makes an instance of a compiled module and checks that it can run here.
 * @throws EngineError `BuiltinMissing` or `EntrypointMissing`, before the first question instead of at it.
 */
export async function instantiate(
  module: WebAssembly.Module,
  entrypoints: readonly string[],
): Promise<PolicyInstance> {
  const builtins = createTimeBuiltins();
  const policy = await loadPolicy(module, memory, { ...builtins }).catch((cause: unknown) => {
    throw new EngineError("EvaluationFailed", "the policy module does not start", { cause });
  });
  const unknown = requiredBuiltins(policy).filter((name) => !Object.hasOwn(builtins, name));
  if (unknown.length > 0) {
    throw new EngineError(
      "BuiltinMissing",
      `the policy calls ${unknown.join(", ")}, which podid does not offer; build with policies/capabilities.json`,
    );
  }
  const known: Readonly<Record<string, unknown>> = policy.entrypoints;
  const missing = entrypoints.filter((name) => !Object.hasOwn(known, name));
  if (missing.length > 0) {
    throw new EngineError("EntrypointMissing", `the policy lacks the entrypoint ${missing.join(", ")}`);
  }
  return {
    setData: (json) => policy.setData(bytesOf(json)),
    evaluate: (entrypoint, inputJson) => {
      const results: readonly { readonly result: unknown }[] = policy.evaluate(
        bytesOf(inputJson),
        entrypoint,
      );
      return results[0]?.result;
    },
  };
}

const encoder = new TextEncoder();

/** The SDK wants an ArrayBuffer that holds the text and nothing else; a pooled Buffer reads as "no input". */
function bytesOf(json: string): ArrayBuffer {
  return encoder.encode(json).buffer;
}

interface LoadedModule {
  readonly mem: WebAssembly.Memory;
  readonly wasmInstance: WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource;
}

/** Names of the host built-ins that the module imports, read from its own table. */
function requiredBuiltins(policy: LoadedModule): readonly string[] {
  const instance = "instance" in policy.wasmInstance ? policy.wasmInstance.instance : policy.wasmInstance;
  const call = (name: string, ...args: readonly number[]): number => {
    const exported = instance.exports[name];
    if (typeof exported !== "function") {
      throw new EngineError("EntrypointMissing", `the policy module does not export ${name}`);
    }
    return Number(exported(...args));
  };
  const address = call("opa_json_dump", call("builtins"));
  const heap = new Uint8Array(policy.mem.buffer);
  const table: unknown = JSON.parse(
    new TextDecoder().decode(heap.subarray(address, heap.indexOf(0, address))),
  );
  return typeof table === "object" && table !== null ? Object.keys(table) : [];
}
