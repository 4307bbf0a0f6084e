import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { binding, folderWith, identity, pod } from "../../unit/kubernetes/manifest-fixtures.ts";
import { simulationSchema } from "./simulated.ts";

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

/** Its custom rule takes part in each answer, so that every minute is asked about. */
const customRules = `package custom

deny contains {"rule": "lunch"} if {
	[hour, _, _] := time.clock(input.now)
	hour == 12
}
`;

const lyingHints = `
hints := {"nextTransition": input.now + 7200000000000}
`;

function withCustomRules<T>(rules: string, use: (bundle: string) => Promise<T>): Promise<T> {
  return withArchive({ ...shippedPolicyFiles(), "custom/lunch/lunch.rego": rules }, use);
}

describe("the command podid simulate with custom rules", () => {
  const flags = ["--manifests", "demo", "--from", "2026-06-14T00:00:00Z"];

  it("finds what they do minute by minute, and says that it ignores hints which are not true", async () => {
    const day = [...flags, "--to", "2026-06-15T00:00:00Z", "-o", "json"];
    const told = await withCustomRules(customRules, (policy) => podidSimulate(...day, "--policy", policy));
    const lied = await withCustomRules(customRules + lyingHints, (policy) =>
      podidSimulate(...day, "--policy", policy),
    );
    assert.deepEqual([told.exitCode, lied.exitCode], [0, 0], told.stderr + lied.stderr);
    assert.match(lied.stderr, /^podid: \d+ declared boundaries of custom rules were ignored: /m);
    const [simulated, other] = [told, lied].map(({ stdout }) => simulationSchema.parse(JSON.parse(stdout)));
    assert.deepEqual(simulated?.pods, other?.pods);
    const worker = simulated?.pods.find((one) => one.pod === "shop/worker-0");
    assert.deepEqual(
      worker?.identities.map(({ closed }) => closed.map(({ from, to }) => [from, to])),
      [0, 1].map(() => [["2026-06-14T12:00:00Z", "2026-06-14T13:00:00Z"]]),
    );
  });

  it("says what it does when that takes longer than some seconds, and ends when it is told to", async () => {
    await withCustomRules(customRules, async (policy) => {
      const args = [...flags, "--to", "2027-06-14T00:00:00Z", "--policy", policy];
      const child = spawn(process.execPath, ["src/cli/main.ts", "simulate", ...args], { cwd: root });
      const closed = once(child, "close");
      const stdout = text(child.stdout);
      const [said] = await once(child.stderr.setEncoding("utf8"), "data");
      assert.match(
        said,
        /^podid: asking the policy about [a-z0-9-/]+ \(\d of \d pods\), at 202\S+Z so far; Ctrl-C ends it$/m,
      );
      child.kill("SIGTERM");
      assert.deepEqual([...(await closed), await stdout], [1, null, ""]);
    });
  });
});

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
