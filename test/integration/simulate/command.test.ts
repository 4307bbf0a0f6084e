import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { binding, folderWith, identity, pod } from "../../unit/kubernetes/manifest-fixtures.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const week = ["--from", "2026-06-14T00:00:00Z", "--to", "2026-06-21T00:00:00Z"];

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `podid simulate` as a user does. */
async function podidSimulate(...flags: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["src/cli/main.ts", "simulate", ...flags], { cwd: root });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { exitCode: await ended, stdout, stderr };
}

describe("the command podid simulate", () => {
  const outputs: readonly (readonly [name: string, flags: readonly string[], begins: string])[] = [
    ["a table unless told otherwise", [], "from     2026-06-14T00:00:00Z\n"],
    ["JSON", ["-o", "json"], '{\n  "from": "2026-06-14T00:00:00Z",\n'],
    ["a picture", ["-o", "svg"], '<svg xmlns="http://www.w3.org/2000/svg"'],
  ];
  for (const [name, flags, begins] of outputs) {
    it(`prints ${name} and exits 0`, async () => {
      const { exitCode, stdout, stderr } = await podidSimulate("--manifests", "demo", ...week, ...flags);
      assert.deepEqual([exitCode, stderr], [0, ""]);
      assert.ok(stdout.startsWith(begins), stdout.slice(0, 100));
    });
  }

  it("looks at the coming week when no range is given", async () => {
    const { exitCode, stdout } = await podidSimulate("--manifests", "demo", "-o", "json");
    assert.equal(exitCode, 0);
    const [from = "", to = ""] = [...stdout.matchAll(/^ {2}"(?:from|to)": "(.*)"/gm)].map(([, at]) => at);
    assert.equal(Date.parse(to) - Date.parse(from), 7 * 86_400_000);
  });

  const wrong: readonly (readonly [name: string, flags: readonly string[], message: RegExp])[] = [
    ["no folder", [], /either --manifests DIR or --kubeconfig FILE/],
    [
      "a date for an instant",
      ["--manifests", "demo", "--from", "2026-06-14"],
      /^--from 2026-06-14: give an RFC 3339/,
    ],
    [
      "an end that is not an instant",
      ["--manifests", "demo", "--from", "now", "--to", "tomorrow"],
      /^--to tomorrow: give an RFC 3339/,
    ],
    [
      "an empty range",
      ["--manifests", "demo", "--from", "2026-06-14T00:00:00Z", "--to", "2026-06-14T02:00:00+02:00"],
      /^--from 2026-06-14T00:00:00Z is not before --to 2026-06-14T00:00:00Z/,
    ],
    [
      "a range that is too long",
      ["--manifests", "demo", "--from", "2026-01-01T00:00:00Z", "--to", "2027-02-05T00:00:01Z"],
      /^--to 2027-02-05T00:00:01Z: simulate looks at 400 days at most; .* up to 2027-02-05T00:00:00Z$/m,
    ],
    ["an unknown format", ["--manifests", "demo", "-o", "png"], /^-o png: use table, json or svg$/m],
    ["a folder that is not there", ["--manifests", "demo/nowhere"], /^demo\/nowhere cannot be read/],
  ];
  for (const [name, flags, message] of wrong) {
    it(`exits 2 on ${name}, with what to do instead`, async () => {
      const { exitCode, stdout, stderr } = await podidSimulate(...flags);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, message);
    });
  }

  it("exits 2 on manifests with problems, with a line for each, as explain does", async (t) => {
    const bad = binding(
      "night",
      '  timeBox: {openWhen: Schedule, timeZone: Mars/Phobos, windows: [{weekdays: ["Mon"]}]}',
    );
    const directory = await folderWith(t, {
      "bad.yaml": [identity("reader"), bad, binding("heavy", '  weight: "10"'), pod("web-0")].join("\n---\n"),
    });
    const { exitCode, stdout, stderr } = await podidSimulate("--manifests", directory, ...week);
    assert.deepEqual([exitCode, stdout], [2, ""]);
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, 2, stderr);
    for (const line of lines) assert.match(line, /bad\.yaml:\d+: spec\./);
  });
});
