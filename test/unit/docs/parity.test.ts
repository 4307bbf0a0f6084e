import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

import { endToEndScenarioRows, featureRows, unitScenarioRows } from "./parity-rows.ts";

const docs = resolve(import.meta.dirname, "../../../docs");
const document = await readFile(join(docs, "parity.md"), "utf8");

/** The rows below a heading, as cells, without those of the table's head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const [, section = assert.fail(`no heading ${heading}`)] = document.split(`\n## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const features = tableUnder("Features");
const tables = [
  { heading: "Features", rows: features, wanted: featureRows },
  {
    heading: "Scenarios of its unit tests",
    rows: tableUnder("Scenarios of its unit tests"),
    wanted: unitScenarioRows,
  },
  {
    heading: "Scenarios of its e2e tests",
    rows: tableUnder("Scenarios of its e2e tests"),
    wanted: endToEndScenarioRows,
  },
];

/** Verdicts for which a row may lack a test: what podid does not do, it cannot show. */
const needsNoTest = /^(?:differs|issue 7)\b/;
const verdict = /^(?:(?:same|better|differs|issue 7)\b|MIC's: same\b)/;

describe("docs/parity.md", () => {
  for (const { heading, rows, wanted } of tables) {
    it(`has every row of the reference, in its order: ${heading}`, () => {
      assert.deepEqual(
        rows.map(([, row]) => row),
        wanted,
      );
    });

    it(`says of each row what it is, and shows what it claims: ${heading}`, () => {
      for (const [, row = "", here = "", tests = ""] of rows) {
        assert.match(here, verdict, row);
        if (!needsNoTest.test(here)) assert.match(tests, /\]\(\.\.\/test\//, row);
      }
    });
  }

  it("numbers the features as the reference does", () => {
    assert.deepEqual(
      features.map(([number]) => number),
      featureRows.map((_, index) => String(index + 1)),
    );
  });

  it("leads to tests that are there, by their names", async () => {
    const links = [...document.matchAll(/\[((?:[^\]]|\](?!\())+)\]\(\.\.\/(test\/[^)]+)\)/g)];
    assert.ok(links.length > 100);
    for (const [, name = "", file = ""] of links) {
      const text = await readFile(join(docs, "..", file), "utf8");
      assert.ok(isQuotedIn(text, name), `${file} has no test "${name}"`);
    }
  });

  it("leads to documents that are there", async () => {
    for (const [, file = ""] of document.matchAll(/\]\((?!\.\.\/test\/)([^)]+)\)/g)) {
      await readFile(join(docs, file));
    }
  });
});

/** Whether `name` stands in the source as a whole string, or as the key of a row that names a test. */
function isQuotedIn(text: string, name: string): boolean {
  return ['"', "'", "`"].some((quote) => text.includes(`${quote}${name}${quote}`));
}
