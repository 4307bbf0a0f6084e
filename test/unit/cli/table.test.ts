import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { renderTable } from "../../../src/cli/table.ts";

describe("a table", () => {
  it("has columns as wide as their widest cell, two blanks apart", () => {
    const text = renderTable(
      ["POD", "ANSWER"],
      [
        ["shop/frontend-0", "200"],
        ["a/b", "403 refused"],
      ],
    );
    assert.equal(text, "POD              ANSWER\nshop/frontend-0  200\na/b              403 refused");
  });

  it("ends no line in blanks, and takes a missing cell for an empty one", () => {
    assert.equal(renderTable(["A", "B", "C"], [["1", "", ""], ["2"]]), "A  B  C\n1\n2");
  });

  it("without rows is its headings", () => {
    assert.equal(renderTable(["A", "B"], []), "A  B");
  });
});
