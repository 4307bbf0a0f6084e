import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parse } from "yaml";
import type { z } from "zod";

import { runPodid, type Finished } from "../podid.ts";
import { explanationSchema } from "./explanation-schema.ts";

const frontend = "shop/frontend-0";
const worker = "shop/worker-0";
const midnight = "2026-06-14T22:00:00Z";
const secondBefore = "2026-06-14T21:59:59Z";

const explain = (pod: string, at: string, ...more: readonly string[]): Promise<Finished> =>
  runPodid("explain", "pod", pod, "--manifests", "demo", "--at", at, ...more);

async function explainJson(
  pod: string,
  at: string,
  ...more: readonly string[]
): Promise<z.infer<typeof explanationSchema>> {
  const { exitCode, stdout, errorLines } = await explain(pod, at, "-o", "json", ...more);
  assert.deepEqual([exitCode, errorLines], [0, []]);
  return explanationSchema.parse(JSON.parse(stdout));
}

const codesOf = (reasons: readonly { readonly code: string }[]): readonly string[] =>
  reasons.map(({ code }) => code);

describe("podid explain", { concurrency: 2 }, () => {
  it("names the opening to the second while the binding is closed", async () => {
    const { pod, at, exempt, identities, token, fix } = await explainJson(frontend, secondBefore);
    assert.deepEqual([pod, at, exempt], [frontend, secondBefore, false]);
    assert.deepEqual(identities, [
      {
        identity: "shop/datastore-reader",
        binding: "shop/nightly",
        weight: 0,
        inForce: false,
        default: true,
        reasons: [{ code: "OutsideSchedule", params: {}, text: "no window is open" }],
        validUntil: null,
        nextTransition: midnight,
        nextState: "open",
        assignment: "none",
      },
    ]);
    assert.deepEqual([token.status, token.outcome], [403, "denied"]);
    assert.deepEqual(codesOf(token.reasons), ["OutsideSchedule"]);
    assert.match(fix ?? "", /wait for the next opening/);
  });

  it("names the closing to the second while the binding is open", async () => {
    const { identities, token, fix } = await explainJson(frontend, midnight);
    const [nightly] = identities;
    assert.deepEqual([nightly?.inForce, nightly?.nextState], [true, "closed"]);
    assert.equal(nightly?.nextTransition, "2026-06-14T23:00:00Z");
    assert.equal(nightly?.validUntil, "2026-06-14T23:00:00Z");
    assert.deepEqual([token, fix], [{ status: 200, outcome: "allowed", reasons: [] }, null]);
  });

  it("writes the same as YAML", async () => {
    const { exitCode, stdout, errorLines } = await explain(frontend, midnight, "-o", "yaml");
    assert.deepEqual([exitCode, errorLines], [0, []]);
    assert.deepEqual(parse(stdout), await explainJson(frontend, midnight));
  });

  it("writes a table for people unless told otherwise", async () => {
    const { exitCode, stdout } = await explain(frontend, secondBefore);
    assert.equal(exitCode, 0);
    for (const text of [
      /^pod +shop\/frontend-0$/m,
      /^IDENTITY +BINDING +WEIGHT +IN FORCE +DEFAULT +NEXT +ASSIGNMENT +REASONS$/m,
      /^shop\/datastore-reader +shop\/nightly +0 +no +yes +open 2026-06-14T22:00:00Z +none +OutsideSchedule$/m,
      /^token +403 denied\n +OutsideSchedule: no window is open$/m,
      /^fix +wait for the next opening/m,
    ]) {
      assert.match(stdout, text);
    }
  });

  it("lists what a pod may have, heaviest first, and marks the default", async () => {
    const { identities, token } = await explainJson(worker, midnight);
    assert.deepEqual(
      identities.map((entry) => [entry.identity, entry.weight, entry.default]),
      [
        ["shop/queue-writer", 10, true],
        ["shop/queue-reader", 1, false],
      ],
    );
    assert.equal(token.status, 200);
  });

  it("judges the request for one client id, and keeps the default as it is", async () => {
    const asked = await explainJson(worker, midnight, "--client-id", "aaaaaaaa-0000-4000-8000-000000000004");
    assert.equal(asked.token.status, 200);
    assert.deepEqual(
      asked.identities.map((entry) => entry.default),
      [true, false],
    );
    const foreign = await explainJson(
      worker,
      midnight,
      "--client-id",
      "aaaaaaaa-0000-4000-8000-000000000001",
    );
    assert.deepEqual([foreign.token.status, foreign.token.outcome], [400, "unknown"]);
    assert.deepEqual(codesOf(foreign.token.reasons), ["IdentityNotFound"]);
    assert.match(foreign.fix ?? "", /client id/);
  });

  it("says what an unbound pod needs", async () => {
    const { identities, token, fix } = await explainJson("shop/stray-0", midnight);
    assert.deepEqual(identities, []);
    assert.deepEqual(codesOf(token.reasons), ["NoMatchingBinding"]);
    assert.match(fix ?? "", /AzureIdentityBinding/);
  });

  it("says that the platform answers an excepted pod, as NMI does", async () => {
    const { exempt, token, fix } = await explainJson("platform/agent-0", midnight);
    assert.deepEqual([exempt, token.status, token.outcome], [true, 200, "allowed"]);
    assert.deepEqual(codesOf(token.reasons), ["PodExcepted"]);
    assert.match(fix ?? "", /AzurePodIdentityException/);
  });

  const now = ["explain", "pod", frontend, "--manifests", "demo"];
  const wrongUses: readonly { name: string; args: readonly string[]; says: RegExp }[] = [
    {
      name: "an unknown pod",
      args: ["explain", "pod", "shop/nobody", "--manifests", "demo"],
      says: /^no pod shop\/nobody in demo: it has .*shop\/frontend-0/,
    },
    {
      name: "no instant",
      args: [...now, "--at", "tomorrow"],
      says: /^--at tomorrow: give an RFC 3339 instant such as /,
    },
    {
      name: "an instant without zone",
      args: [...now, "--at", "2026-06-14T22:00:00"],
      says: /^--at 2026-06-14T22:00:00: give an RFC 3339 instant/,
    },
    { name: "an unknown format", args: [...now, "-o", "xml"], says: /^-o xml: use table, json or yaml$/ },
    {
      name: "a missing folder",
      args: ["explain", "pod", frontend, "--manifests", "no/such/folder"],
      says: /^no\/such\/folder cannot be read: ENOENT/,
    },
    {
      name: "a file for a folder",
      args: ["explain", "pod", frontend, "--manifests", "demo/cluster.yaml"],
      says: /^demo\/cluster\.yaml cannot be read: ENOTDIR/,
    },
    {
      name: "no folder",
      args: ["explain", "pod", frontend],
      says: /either --manifests DIR or --kubeconfig FILE/,
    },
    { name: "an unknown option", args: [...now, "--until", "now"], says: /unknown option '--until'/ },
  ];
  for (const { name, args, says } of wrongUses) {
    it(`ends with 2 and one clear line: ${name}`, async () => {
      const { exitCode, stdout, errorLines } = await runPodid(...args);
      assert.deepEqual([exitCode, stdout, errorLines.length], [2, "", 1], errorLines.join("\n"));
      assert.match(errorLines[0] ?? "", says);
    });
  }
});
