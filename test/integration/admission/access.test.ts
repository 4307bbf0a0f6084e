import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";

import { parseAllDocuments } from "yaml";

import { type Answer, at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { assertStatus, create, messageOf, objectOf, pathOf, request, usePodid, vote } from "./cluster.ts";
import { endNamespace, introduce, type People } from "./people.ts";
import { policyRows } from "./policy-rows.ts";

const folder = join(rootPath, "deploy/admission");
const documents: readonly unknown[] = readdirSync(folder).flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document): unknown => document.toJS()),
);
const ofKind = (kind: string): readonly unknown[] =>
  documents.filter((document) => at(document, "kind") === kind);

function assertDenied(answer: Answer, policy: string, says: string): void {
  assert.ok(answer.status === 403 || answer.status === 422, JSON.stringify(answer.body));
  const told = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${says}`;
  assert.ok(messageOf(answer).includes(told), messageOf(answer));
}

describe("admission of grants and approvals", () => {
  const plane = usePodid();
  let people: People | undefined;
  const everybody = (): People => {
    assert.ok(people);
    return people;
  };
  before(async () => {
    people = await introduce(plane());
  });

  for (const { name, policy, index, accepted, refused, says } of policyRows) {
    it(`${name} (${policy} ${index})`, async () => {
      const { status, body } = await accepted(everybody());
      assert.ok(status === 200 || status === 201, JSON.stringify(body));
      assertDenied(await refused(everybody()), policy, says);
    });
  }

  const recordsStay =
    "grants and approvals are the record of who had access, and the controller alone deletes them after their time; to end a grant set spec.revoked and spec.revokedBy";

  it("lets the controller alone delete, and grants before their approvals (podid-access-deletion 0, podid-approval-deletion 0)", async () => {
    const { controller, dave, bob } = everybody();
    const grant = pathOf("AzureIdentityAccessGrant", "ended");
    const approval = pathOf("AzureIdentityAccessApproval", "denied");
    const stored = await succeed(
      create(dave, "AzureIdentityAccessGrant", "ended", { ...request, requester: "dave" }),
    );
    const deny = {
      ...vote,
      grantName: "ended",
      grantUID: textAt(stored, "metadata", "uid"),
      approver: "bob",
    };
    await succeed(create(bob, "AzureIdentityAccessApproval", "denied", { ...deny, decision: "Deny" }));
    for (const path of [grant, approval]) {
      assertDenied(await plane().api().delete(path), "podid-access-deletion", recordsStay);
    }
    assertDenied(
      await controller.delete(approval),
      "podid-approval-deletion",
      "grant ended is still there: delete it before its approvals, since deleting a Deny would revive it",
    );
    assertStatus(await controller.delete(grant), 200);
    await waitFor(
      async () => (await controller.delete(approval)).status === 200,
      "the approval without a grant",
    );
  });

  it("lets a cluster admin delete in the controller's name, which the audit log tells, while all policies stand", async () => {
    const { dave } = everybody();
    await succeed(create(dave, "AzureIdentityAccessGrant", "spam", { ...request, requester: "dave" }));
    const as = "--as=system:serviceaccount:podid-system:podid-controller";
    const deleted = await plane().kubectl(["delete", "azureidentityaccessgrant", "spam", "-n", "shop", as]);
    assert.equal(deleted.code, 0, deleted.stderr);
  });

  it("does not hinder the end of a whole namespace, and keeps the garbage collector off", async () => {
    const { namespaceController, garbageCollector } = everybody();
    await endNamespace(plane(), "ending");
    const approval = pathOf("AzureIdentityAccessApproval", "last", "ending");
    await waitFor(
      async () => (await namespaceController.delete(`${approval}?dryRun=All`)).status === 200,
      "the policies know that the namespace ends",
    );
    assertDenied(await garbageCollector.delete(approval), "podid-access-deletion", recordsStay);
    assertStatus(await namespaceController.delete(approval), 200);
    const kept = pathOf("AzureIdentityAccessGrant", everybody().byAlice.name);
    assertDenied(await namespaceController.delete(kept), "podid-access-deletion", recordsStay);
  });

  it("keeps an approval that was given", async () => {
    const { bob, byAlice } = everybody();
    const spec = { ...vote, grantName: byAlice.name, grantUID: byAlice.uid, approver: "bob" };
    await succeed(create(bob, "AzureIdentityAccessApproval", "by-bob", spec));
    const answer = await plane()
      .api()
      .patch(pathOf("AzureIdentityAccessApproval", "by-bob"), {
        spec: { approver: "dave" },
      });
    assertStatus(answer, 422);
  });

  it("accepts no approval in a namespace without grants", async () => {
    await succeed(
      plane()
        .api()
        .post("/api/v1/namespaces", { metadata: { name: "empty" } }),
    );
    const answer = await plane()
      .api()
      .post(
        pathOf("AzureIdentityAccessApproval", undefined, "empty"),
        objectOf("AzureIdentityAccessApproval", "stray", vote),
      );
    assertDenied(answer, "podid-approval-of-grant", "failed to configure binding: no params found");
  });

  it("has a refused request for every validation", () => {
    const shown = new Set([
      ...policyRows.map(({ policy, index }) => `${policy} ${index}`),
      "podid-access-deletion 0",
      "podid-approval-deletion 0",
    ]);
    const written = ofKind("ValidatingAdmissionPolicy").flatMap((policy) =>
      listAt(policy, "spec", "validations").map(
        (_, index) => `${textAt(policy, "metadata", "name")} ${index}`,
      ),
    );
    assert.deepEqual(new Set(written), shown);
  });

  it("fails closed, and every policy is bound to deny", () => {
    const names = ofKind("ValidatingAdmissionPolicy").map((policy) => textAt(policy, "metadata", "name"));
    assert.deepEqual(
      ofKind("ValidatingAdmissionPolicy").map((policy) => at(policy, "spec", "failurePolicy")),
      names.map(() => "Fail"),
    );
    assert.deepEqual(
      ofKind("ValidatingAdmissionPolicyBinding").map((binding) => [
        textAt(binding, "spec", "policyName"),
        at(binding, "spec", "validationActions"),
      ]),
      names.map((name) => [name, ["Deny"]]),
    );
  });
});
