import { loadPolicy } from "@open-policy-agent/opa-wasm";

import { createTimeBuiltins } from "../timebox/builtins.ts";
import type { DataPatch } from "./cluster-data.ts";
import { EngineError } from "./errors.ts";

/** One instance of the policy module. After any throw it must be thrown away (reference/opa-wasm.md §3). */
export interface PolicyInstance {
  /** Replaces `data` by a JSON document. */
  setData(json: string): void;
  /** Changes entries of `data` where they stand. */
  patchData(patches: readonly DataPatch[]): void;
  /** Answers the entrypoint's value, or undefined when the policy leaves it undefined. */
  evaluate(entrypoint: string, inputJson: string): unknown;
}

/** Pages of 64 KiB that data and one decision may take; data costs about twelve times its JSON size. */
const defaultMaximumPages = 8192;

/**
 * Makes an instance of a compiled module and checks that it can run here.
 * @throws EngineError `BuiltinMissing` or `EntrypointMissing`, before the first question instead of at it.
 */
export async function instantiate(
  module: WebAssembly.Module,
  entrypoints: readonly string[],
  maximumPages = defaultMaximumPages,
): Promise<PolicyInstance> {
  const builtins = createTimeBuiltins();
  const memory = { initial: 16, maximum: maximumPages };
  const policy = await loadPolicy(module, memory, { ...builtins }).catch((cause: unknown) => {
    throw new EngineError("EvaluationFailed", "the policy module does not start", { cause });
  });
  const heap = heapOf(policy);
  const unknown = requiredBuiltins(heap).filter((name) => !Object.hasOwn(builtins, name));
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
    setData: (json) => {
      heap.call("opa_heap_stash_clear");
      policy.setData(bytesOf(json).buffer);
      heap.call("opa_heap_blocks_stash");
    },
    patchData: (patches) => patchData(policy, heap, patches),
    evaluate: (entrypoint, inputJson) => {
      const results: readonly { readonly result: unknown }[] = policy.evaluate(
        bytesOf(inputJson).buffer,
        entrypoint,
      );
      return results[0]?.result;
    },
  };
}

const encoder = new TextEncoder();

/** The SDK wants an ArrayBuffer that holds the text and nothing else; a pooled Buffer reads as "no input". */
function bytesOf(json: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(json);
}

interface LoadedModule {
  readonly mem: WebAssembly.Memory;
  readonly wasmInstance: WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource;
  readonly dataAddr: number;
  /** Where `data` ends; every evaluation starts its scratch memory here. */
  dataHeapPtr: number;
}

/** The module's own functions, on addresses of values in its memory. */
interface Heap {
  call(name: string, ...args: readonly number[]): number;
  read(address: number): unknown;
  write(json: string): number;
}

function heapOf(policy: LoadedModule): Heap {
  const instance = "instance" in policy.wasmInstance ? policy.wasmInstance.instance : policy.wasmInstance;
  const call = (name: string, ...args: readonly number[]): number => {
    const exported = instance.exports[name];
    if (typeof exported !== "function") {
      throw new EngineError("EntrypointMissing", `the policy module does not export ${name}`);
    }
    return Number(exported(...args));
  };
  return {
    call,
    read: (address) => {
      const start = call("opa_json_dump", address);
      const bytes = new Uint8Array(policy.mem.buffer);
      return JSON.parse(new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start))));
    },
    write: (json) => {
      const bytes = bytesOf(json);
      const start = call("opa_malloc", bytes.byteLength);
      new Uint8Array(policy.mem.buffer).set(bytes, start);
      const value = call("opa_json_parse", start, bytes.byteLength);
      call("opa_free", start);
      if (value === 0) throw new EngineError("DataRefused", "the policy module cannot parse a data patch");
      return value;
    },
  };
}

/**
 * The steps of OPA's own host (internal/wasm/sdk, SetDataPath): memory that patches set free is stashed
 * away before an evaluation, which would otherwise take it for its own, and brought back for the next patch.
 */
function patchData(policy: LoadedModule, heap: Heap, patches: readonly DataPatch[]): void {
  heap.call("opa_heap_ptr_set", policy.dataHeapPtr);
  heap.call("opa_heap_blocks_restore");
  for (const { pathJson, valueJson } of patches) {
    const value = valueJson === null ? null : heap.write(valueJson);
    const path = heap.write(pathJson);
    const failure =
      value === null
        ? heap.call("opa_value_remove_path", policy.dataAddr, path)
        : heap.call("opa_value_add_path", policy.dataAddr, path, value);
    if (failure !== 0) throw new EngineError("DataRefused", `no place for a data patch at ${pathJson}`);
    heap.call("opa_value_free", path);
  }
  heap.call("opa_heap_blocks_stash");
  policy.dataHeapPtr = heap.call("opa_heap_ptr_get");
}

/** Names of the host built-ins that the module imports, read from its own table. */
function requiredBuiltins(heap: Heap): readonly string[] {
  const table = heap.read(heap.call("builtins"));
  return typeof table === "object" && table !== null ? Object.keys(table) : [];
}
