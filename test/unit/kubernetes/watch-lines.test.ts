import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { splitLines } from "../../../src/kubernetes/watch-lines.ts";

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

async function split(
  text: string,
  sizes: readonly number[] = [],
  longest?: number,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunksOf(Buffer.from(text), sizes), longest)) lines.push(line);
  return lines;
}

describe("splitting a watch into lines", () => {
  it("gives the same lines wherever the chunks are cut, also within a character", async () => {
    const line = fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.replaceAll("\n", "") || "é");
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(9)), async (lines, sizes) => {
        const expected = lines.map((text) => Buffer.from(text).toString("utf8"));
        assert.deepEqual(await split(lines.map((text) => `${text}\n`).join(""), sizes), expected);
      }),
    );
  });

  it("drops a torn tail and empty lines, and leaves U+2028 alone", async () => {
    assert.deepEqual(await split('{"a":"\u2028"}\n\n{"b":2}\n{"c"'), ['{"a":"\u2028"}', '{"b":2}']);
  });

  it("refuses a line that is too long, whether it ends or not", async () => {
    await assert.rejects(split("12345\n", [], 4), { code: "Unreachable" });
    await assert.rejects(split("12345", [2], 4), { code: "Unreachable" });
    assert.deepEqual(await split("1234\n1234\n", [3], 4), ["1234", "1234"]);
  });
});
