import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { readShippedAdmission } from "../../../src/kubernetes/served-admission-object.ts";
import { faultsInShort, readVouching, type Vouching } from "../../../src/kubernetes/served-admission.ts";
import {
  answerWith,
  at,
  edit,
  installed,
  installedAt,
  type Served,
  shipped,
  withChanged,
} from "./admission-scene.ts";
import { crdDirectory } from "./manifest-fixtures.ts";
import { overTheWire } from "./over-the-wire.ts";

const policy = "ValidatingAdmissionPolicy";
const binding = "ValidatingAdmissionPolicyBinding";
const name = "podid-grant-request";

function ask(objects: readonly Served[]): Promise<Vouching> {
  const answer = answerWith(objects);
  return readVouching(
    { call: async (call) => overTheWire(answer(call)) },
    shipped,
    new AbortController().signal,
  );
}

async function sinceOf(objects: readonly Served[]): Promise<string> {
  const vouching = await ask(objects);
  assert.ok(vouching.inForce, JSON.stringify(vouching));
  return Temporal.Instant.fromEpochMilliseconds(vouching.afterMs).toString();
}

/** As `ask`, of a cluster in which something is amiss with exactly one object. */
async function faultOf(
  kind: typeof policy | typeof binding,
  change: (one: Served) => Served | undefined,
): Promise<string> {
  const vouching = await ask(withChanged(kind, name, change));
  assert.ok(!vouching.inForce);
  assert.equal(vouching.faults.length, 1, vouching.faults.join("\n"));
  return vouching.faults[0] ?? "";
}

const withSpec =
  (spec: object) =>
  (one: Served): Served => ({ ...one, spec: { ...one.spec, ...spec } });
const withMeta =
  (metadata: object) =>
  (one: Served): Served => ({ ...one, metadata: { ...one.metadata, ...metadata } });

describe("the admission policies that the cluster has", () => {
  it("vouch for grants when they are the shipped ones, from ten seconds after they came", async () => {
    assert.equal(await sinceOf(installed), "2026-06-14T12:00:10Z");
  });

  it("are every policy of deploy/admission that is about grants or approvals, each with its binding", async () => {
    const folder = join(crdDirectory, "../admission");
    const texts = await Promise.all(
      (await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")),
    );
    const named = texts
      .flatMap((text) => text.match(/(?<=^kind: )\w+\nmetadata:\n {2}name: \S+$/gm) ?? [])
      .map((found) => found.replace(/\s+metadata:\s+name:/, ""))
      .filter((one) => !one.includes(" podid-agent-own-"));
    assert.deepEqual(new Set(shipped.map((one) => `${one.kind} ${one.name}`)), new Set(named));
    assert.equal(shipped.length, 12);
  });

  const faults: readonly [string, () => Promise<string>, string][] = [
    [
      "a policy is missing",
      () => faultOf(policy, () => undefined),
      `${policy} ${name}: the cluster has none`,
    ],
    [
      "a binding is missing",
      () => faultOf(binding, () => undefined),
      `${binding} ${name}: the cluster has none`,
    ],
    [
      "a policy fails open",
      () => faultOf(policy, withSpec({ failurePolicy: "Ignore" })),
      `${policy} ${name}: spec.failurePolicy is "Ignore" instead of "Fail"`,
    ],
    [
      "a policy never matches",
      () => faultOf(policy, withSpec({ matchConditions: [{ name: "no", expression: "false" }] })),
      `${policy} ${name}: spec.matchConditions is [{"name":"no","expression":"false"}] instead of absent`,
    ],
    [
      "a policy lets everything through",
      () => faultOf(policy, withSpec({ validations: [{ expression: "true" }] })),
      `${policy} ${name}: spec.validations[0].expression is "true" instead of "object.spec.requester == request.userInfo.username"`,
    ],
    [
      "a policy leaves namespaces out",
      () =>
        faultOf(policy, (one) =>
          withSpec({
            matchConstraints: {
              ...Object(one.spec["matchConstraints"]),
              namespaceSelector: { matchLabels: { a: "b" } },
            },
          })(one),
        ),
      `${policy} ${name}: spec.matchConstraints.namespaceSelector.matchLabels is {"a":"b"} instead of absent`,
    ],
    [
      "a policy leaves requests out",
      () =>
        faultOf(policy, (one) =>
          withSpec({
            matchConstraints: {
              ...Object(one.spec["matchConstraints"]),
              excludeResourceRules: [{ resources: ["*"] }],
            },
          })(one),
        ),
      `${policy} ${name}: spec.matchConstraints.excludeResourceRules is [{"resources":["*"]}] instead of absent`,
    ],
    [
      "a binding warns",
      () => faultOf(binding, withSpec({ validationActions: ["Warn"] })),
      `${binding} ${name}: spec.validationActions[0] is "Warn" instead of "Deny"`,
    ],
    [
      "a binding is narrowed",
      () => faultOf(binding, withSpec({ matchResources: { objectSelector: {} } })),
      `${binding} ${name}: spec.matchResources is {"objectSelector":{}} instead of absent`,
    ],
    [
      "a binding is of another policy",
      () => faultOf(binding, withSpec({ policyName: "mine" })),
      `${binding} ${name}: spec.policyName is "mine" instead of "podid-grant-request"`,
    ],
    [
      "an object was changed and hides when",
      () => faultOf(policy, withMeta({ generation: 2, managedFields: [] })),
      `${policy} ${name}: it does not say when it was last changed`,
    ],
  ];
  for (const [title, ask_, fault] of faults) {
    it(`vouch for nobody when ${title}, and the fault is named`, async () =>
      assert.equal(await ask_(), fault));
  }

  it("of parameters vouch for nobody when what happens without them is another", async () => {
    const paramRef = { selector: {}, parameterNotFoundAction: "Allow" };
    const vouching = await ask(withChanged(binding, "podid-approval-of-grant", withSpec({ paramRef })));
    assert.deepEqual(vouching, {
      inForce: false,
      faults: [
        `${binding} podid-approval-of-grant: spec.paramRef.parameterNotFoundAction is "Allow" instead of "Deny"`,
      ],
    });
  });

  it("vouch from ten seconds after one was created anew", async () => {
    const objects = withChanged(binding, name, withMeta({ creationTimestamp: "2026-06-14T13:00:00Z" }));
    assert.equal(await sinceOf(objects), "2026-06-14T13:00:10Z");
  });

  it("vouch from ten seconds after the last change of a spec, whoever made it", async () => {
    const managedFields = [edit(null), edit(installedAt), edit("2026-06-14T14:00:00Z")];
    const objects = withChanged(policy, name, withMeta({ generation: 3, managedFields }));
    assert.equal(await sinceOf(objects), "2026-06-14T14:00:10Z");
  });

  it("vouch as before when the same was applied again, labels changed or the status was written", async () => {
    const managedFields = [
      edit(installedAt),
      edit("2026-06-14T14:00:00Z", { "f:metadata": {} }),
      edit("2026-06-14T15:00:00Z", { "f:spec": {} }, { subresource: "status" }),
    ];
    assert.equal(
      await sinceOf(withChanged(policy, name, withMeta({ generation: 2, managedFields }))),
      "2026-06-14T12:00:10Z",
    );
    // Another manager of the same values: the server counts no change.
    const adopted = { generation: 1, managedFields: [edit("2026-06-14T14:00:00Z")] };
    assert.equal(await sinceOf(withChanged(policy, name, withMeta(adopted))), "2026-06-14T12:00:10Z");
  });

  it("are told of in one line, however many are amiss", async () => {
    const vouching = await ask([]);
    assert.ok(!vouching.inForce);
    assert.equal(vouching.faults.length, shipped.length);
    assert.match(faultsInShort(vouching.faults), /^(Valid[^;]+: the cluster has none; ){3}9 more$/);
  });

  it("are told when they do not ship", async () => {
    await assert.rejects(readShippedAdmission("/nowhere/admission.json"), { code: "InvalidCrd" });
  });

  it("are compared whatever else the cluster has", async () => {
    const other: Served = {
      kind: policy,
      metadata: { ...Object(installed[0]?.metadata), name: "other" },
      spec: {},
    };
    assert.equal(at(await sinceOf([...installed, other])), at(installedAt) + 10_000);
  });
});
