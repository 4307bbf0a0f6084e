import * as fc from "fast-check";
import { z } from "zod";

import { buildClusterDocument } from "../../../src/engine/cluster-document.ts";
import { createEngine, type Engine } from "../../../src/engine/engine.ts";
import type { AccessSource } from "../../../src/engine/questions.ts";
import type {
  AzureIdentityBinding,
  ClusterResources,
  JsonObject,
  Pod,
} from "../../../src/engine/resources.ts";
import { randomGrants, type Binding } from "./access.ts";
import { bindingCreated, randomTimeBox, stampNear, type Fields, type Setting } from "./time-box.ts";
import { buildPolicy, shippedPolicy } from "../two-engines.ts";

/** A pod, and bindings with valid time boxes that all give it the same identity. */
export interface Scene extends ClusterResources {
  readonly pod: Pod;
}

/** Takes values of unknown type that are JSON as an object. */
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const grantFacts = z.object({
  grants: z.record(
    z.string(),
    z.array(
      z.object({
        namespace: z.string(),
        name: z.string(),
        uid: z.string(),
        created: z.string().nullable().default(null),
        binding: z.string(),
        requester: z.string(),
        for: z.string(),
        notBefore: z.string().nullable().default(null),
        podName: z.string().nullable().default(null),
        revoked: z.boolean(),
      }),
    ),
  ),
  approvals: z.record(
    z.string(),
    z.array(
      z.object({
        name: z.string(),
        grantUID: z.string(),
        binding: z.string(),
        approver: z.string(),
        decision: z.string(),
        created: z.string().nullable().default(null),
      }),
    ),
  ),
});

/** A scene with `count` bindings around the anchor of `setting`, which must be tidy. */
export function randomScene(setting: Setting, count: number): fc.Arbitrary<Scene> {
  const names = Array.from({ length: count }, (_, index) => `b${index}`);
  const binding = fc.record({ timeBox: randomTimeBox(setting), created: bindingCreated(setting) });
  return fc
    .record({
      bindings: fc.tuple(...names.map(() => binding)),
      access: randomGrants(names.map(bindingNamed), setting),
      startTime: stampNear(setting, 12),
    })
    .map(sceneOf);
}

function sceneOf(draft: {
  readonly bindings: readonly BindingDraft[];
  readonly access: Fields;
  readonly startTime: string;
}): Scene {
  return {
    ...accessObjects(grantFacts.parse(draft.access)),
    pod: { ...pod, startTime: draft.startTime },
    bindings: draft.bindings.map(bindingObject),
    identities: [identity],
    exceptions: [],
    namespaces: [],
  };
}

interface BindingDraft {
  readonly timeBox: Fields;
  readonly created: string;
}

function bindingObject({ timeBox, created }: BindingDraft, index: number): AzureIdentityBinding {
  const spec = { azureIdentity: "reader", selector: "web", weight: 0, match: null };
  return { ...stored(`b${index}`, created), spec: { ...spec, timeBox: jsonObject.parse(timeBox) } };
}

function fail(fault: Error): never {
  throw fault;
}

/** An engine with the shipped policy, in which every fault fails the test. */
export async function startEngine(): Promise<Engine> {
  return createEngine(await buildPolicy(shippedPolicy), { nowMs: () => 0, onFault: fail });
}

/** Lets `engine` decide on the resources of a scene, as src/engine/cluster-decider.ts does it. */
export function show(engine: Engine, resources: ClusterResources): void {
  engine.setData(
    buildClusterDocument(resources, ({ spec: { azureIdentity, selector, weight, timeBox } }) =>
      engine.decide("validate", {
        kind: "AzureIdentityBinding",
        object: { spec: { azureIdentity, selector, weight, timeBox } },
      }),
    ),
  );
}

/** The binding with another time box. */
export function withTimeBox(binding: AzureIdentityBinding, timeBox: JsonObject): AzureIdentityBinding {
  return { ...binding, spec: { ...binding.spec, timeBox } };
}

/** The grants and approvals of a scene, as a resource source lists them. */
export function accessOf({ grants, approvals }: ClusterResources): AccessSource {
  function list(kind: "AzureIdentityAccessGrant"): ClusterResources["grants"];
  function list(kind: "AzureIdentityAccessApproval"): ClusterResources["approvals"];
  function list(kind: string): ClusterResources["grants"] | ClusterResources["approvals"] {
    return kind === "AzureIdentityAccessGrant" ? grants : approvals;
  }
  return { list };
}

const pod: Pod = {
  namespace: "shop",
  name: "web-0",
  uid: "u1",
  labels: { aadpodidbinding: "web" },
  annotations: {},
  serviceAccount: "web",
  node: "node-1",
  phase: "Running",
  startTime: null,
  addresses: [],
  hostNetwork: false,
};

const identity: ClusterResources["identities"][number] = {
  ...stored("reader", null),
  spec: {
    type: 0,
    resourceID: "",
    clientID: "",
    objectID: "",
    tenantID: "",
    auxiliaryTenantIDs: [],
    adEndpoint: "",
    clientPassword: null,
    usableBy: null,
  },
};

function bindingNamed(name: string): Binding {
  return { namespace: "shop", name, selector: "web" };
}

function stored(name: string, creationTimestamp: string | null): Omit<AzureIdentityBinding, "spec"> {
  return { namespace: "shop", name, uid: name, resourceVersion: "1", annotations: {}, creationTimestamp };
}

function accessObjects(access: z.infer<typeof grantFacts>): Pick<ClusterResources, "grants" | "approvals"> {
  return {
    grants: Object.values(access.grants).flat().map(grantObject),
    approvals: Object.entries(access.approvals).flatMap(([grant, list]) =>
      list.map((approval) => approvalObject(grant.replace("shop/", ""), approval)),
    ),
  };
}

function grantObject(
  facts: z.infer<typeof grantFacts>["grants"][string][number],
): ClusterResources["grants"][number] {
  const { name, uid, created, binding, ...rest } = facts;
  const texts = { justification: "", ticket: "", revokedBy: "", revokeReason: "" };
  return { ...stored(name, created), uid, spec: { ...rest, ...texts, bindingName: binding } };
}

function approvalObject(
  grantName: string,
  facts: z.infer<typeof grantFacts>["approvals"][string][number],
): ClusterResources["approvals"][number] {
  const { name, created, binding, ...rest } = facts;
  return { ...stored(name, created), spec: { ...rest, grantName, bindingName: binding, comment: "" } };
}
