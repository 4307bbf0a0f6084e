import assert from "node:assert/strict";
import { test } from "node:test";

import { instantiate } from "../../../src/engine/wasm.ts";
import { compile } from "./compiled-policy.ts";

test("an entry that is patched over and over takes over the memory that it set free", async () => {
  const { wasm } = await compile({ token: "decision := data.cluster.bindings.a[5]" });
  const module = await WebAssembly.compile(wasm);
  const fourMebibytes = 64; // 2000 times the entry, nothing set free, would take 24
  const instance = await instantiate(module, ["podid/token/decision"], fourMebibytes);
  instance.setData('{"cluster": {"bindings": {}}}');
  const pathJson = '["cluster", "bindings", "a"]';
  for (let i = 0; i < 2000; i += 1) {
    instance.patchData([
      { pathJson, valueJson: JSON.stringify(Array.from({ length: 100 }, () => `value-${i}`)) },
    ]);
    assert.equal(instance.evaluate("podid/token/decision", "{}"), `value-${i}`);
  }
  instance.patchData([{ pathJson, valueJson: null }]);
  assert.equal(instance.evaluate("podid/token/decision", "{}"), undefined);
});

test("a patch that is no JSON, or has no place, throws", async () => {
  const { wasm } = await compile({});
  const module = await WebAssembly.compile(wasm);
  for (const patch of [
    { pathJson: '["cluster", "a"]', valueJson: "{" },
    { pathJson: "[]", valueJson: "1" },
    { pathJson: '["cluster", "list", "a"]', valueJson: "1" },
  ]) {
    const instance = await instantiate(module, ["podid/token/decision"]);
    instance.setData('{"cluster": {"list": []}}');
    assert.throws(() => instance.patchData([patch]), { code: "DataRefused" });
  }
});
