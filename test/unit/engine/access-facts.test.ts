import assert from "node:assert/strict";
import { test } from "node:test";

import { buildClusterDocument } from "../../../src/engine/cluster-document.ts";
import { timeFacts, type AccessSource } from "../../../src/engine/questions.ts";
import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  Pod,
} from "../../../src/engine/resources.ts";
import { parseInstant } from "../../../src/timebox/instant.ts";
import { makeGrant } from "../controller/objects.ts";

test("lays out grants by binding and approvals by grant, each by name, without what they do not say", () => {
  const { grants, approvals } = buildClusterDocument(
    {
      identities: [],
      bindings: [],
      grants: [
        grant("b", { podName: "web-0", notBefore: "2026-05-01T12:00:00Z", revoked: true }),
        grant("a", {}),
        { ...grant("c", { bindingName: "daily" }), creationTimestamp: null },
      ],
      approvals: [approval("y", { decision: "Deny" }), { ...approval("x", {}), creationTimestamp: null }],
      exceptions: [],
      namespaces: [],
    },
    () => ({ valid: true, reasons: [] }),
  );
  const facts = { namespace: "shop", requester: "alice", for: "15m", revoked: false };
  const created = "2026-05-01T10:00:00Z";
  assert.deepEqual(grants, {
    "shop/nightly": [
      { ...facts, name: "a", uid: "uid-a", created, binding: "nightly" },
      {
        ...facts,
        name: "b",
        uid: "uid-b",
        created,
        binding: "nightly",
        notBefore: "2026-05-01T12:00:00Z",
        podName: "web-0",
        revoked: true,
      },
    ],
    "shop/daily": [{ ...facts, name: "c", uid: "uid-c", binding: "daily" }],
  });
  const said = { grantUID: "uid-a", binding: "nightly", approver: "bob" };
  assert.deepEqual(approvals, {
    "shop/a": [
      { ...said, name: "x", decision: "Approve" },
      { ...said, name: "y", decision: "Deny", created },
    ],
  });
});

test("the search of instants hears of the grants of each binding, and of what was said to each grant", () => {
  const access = sourceOf(
    [
      grant("a", { notBefore: "2026-05-01T12:00:00Z" }),
      grant("b", { bindingName: "daily", notBefore: "tomorrow" }),
      { ...grant("c", { bindingName: "daily" }), creationTimestamp: null },
      { ...grant("elsewhere", {}), namespace: "ops" },
    ],
    [
      approval("x", {}),
      approval("y", { grantName: "b" }),
      { ...approval("z", {}), creationTimestamp: null },
      { ...approval("elsewhere", {}), namespace: "ops" },
    ],
  );
  const { boxes } = timeFacts(pod, [binding("nightly"), binding("daily"), binding("unused")], access);
  const created = parseInstant("2026-05-01T10:00:00Z");
  const notBefore = parseInstant("2026-05-01T12:00:00Z");
  assert.deepEqual(
    boxes.map(({ grants }) => grants),
    [
      [{ created, notBefore, for: "15m", approved: [created] }],
      [
        { created, notBefore: null, for: "15m", approved: [created] },
        { created: null, notBefore: null, for: "15m", approved: [] },
      ],
      [],
    ],
  );
});

const pod: Pod = {
  namespace: "shop",
  name: "web-0",
  uid: "uid-web-0",
  labels: {},
  annotations: {},
  serviceAccount: "web",
  node: "node-1",
  phase: "Running",
  startTime: null,
  addresses: [],
  hostNetwork: false,
};

function sourceOf(
  grants: readonly AzureIdentityAccessGrant[],
  approvals: readonly AzureIdentityAccessApproval[],
): AccessSource {
  const lists = { AzureIdentityAccessGrant: grants, AzureIdentityAccessApproval: approvals };
  function list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  function list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  function list(kind: keyof typeof lists): readonly unknown[] {
    return lists[kind];
  }
  return { list };
}

function binding(name: string): AzureIdentityBinding {
  return {
    ...stored(name),
    spec: { azureIdentity: "reader", selector: "web", weight: 0, match: null, timeBox: null },
  };
}

function grant(name: string, spec: Partial<AzureIdentityAccessGrant["spec"]>): AzureIdentityAccessGrant {
  return { ...makeGrant(name, { spec: { bindingName: "nightly", ...spec } }), ...stored(name) };
}

function approval(
  name: string,
  spec: Partial<AzureIdentityAccessApproval["spec"]>,
): AzureIdentityAccessApproval {
  return {
    ...stored(name),
    spec: {
      grantName: "a",
      grantUID: "uid-a",
      bindingName: "nightly",
      approver: "bob",
      decision: "Approve",
      comment: "",
      ...spec,
    },
  };
}

function stored(name: string): Omit<AzureIdentityBinding, "spec"> {
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    resourceVersion: "1",
    annotations: {},
    creationTimestamp: "2026-05-01T10:00:00Z",
  };
}
