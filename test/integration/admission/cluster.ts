import assert from "node:assert/strict";
import { join } from "node:path";
import { before } from "node:test";

import { at, type Answer, type Api, succeed } from "../../control-plane/api.ts";
import { type ControlPlane, useControlPlane } from "../../control-plane/control-plane.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";

export const group = "aadpodidentity.k8s.io";
export const namespace = "shop";

export type Kind =
  | "AzureIdentity"
  | "AzureIdentityBinding"
  | "AzureAssignedIdentity"
  | "AzurePodIdentityException"
  | "AzureIdentityAccessGrant"
  | "AzureIdentityAccessApproval";

const pluralOf = (kind: Kind): string => `${kind.toLowerCase()}s`.replace("identitys", "identities");

/** The path of a kind's objects, or of one object. */
export const pathOf = (kind: Kind, name?: string, inside = namespace): string =>
  `/apis/${group}/v1/namespaces/${inside}/${pluralOf(kind)}${name === undefined ? "" : `/${name}`}`;

export const objectOf = (kind: Kind, name: string, spec?: unknown): object => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

export const create = (api: Api, kind: Kind, name: string, spec?: unknown): Promise<Answer> =>
  api.post(`${pathOf(kind)}?fieldValidation=Strict`, objectOf(kind, name, spec));

/** Asks whether an object would be accepted, and stores nothing. */
export const tryOut = (api: Api, kind: Kind, spec: unknown): Promise<Answer> =>
  api.post(`${pathOf(kind)}?fieldValidation=Strict&dryRun=All`, objectOf(kind, "trial", spec));

/** What the API server says of a refusal. */
export const messageOf = ({ body }: Answer): string => String(at(body, "message"));

export function assertStatus(answer: Answer, status: number): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
}

/** A control plane on which `kubectl apply -k deploy` ran, with the namespace of the tests. */
export function usePodid(): () => ControlPlane {
  const plane = useControlPlane();
  before(async () => {
    const applied = await plane().kubectl(["apply", "-k", join(rootPath, "deploy")]);
    assert.equal(applied.code, 0, applied.stderr);
    const api = plane().api();
    await succeed(api.post("/api/v1/namespaces", { metadata: { name: namespace } }));
    // The policy that has grants as its parameter is the last to come: it needs the grants' kind.
    await waitFor(
      async () =>
        messageOf(await tryOut(api, "AzureIdentityAccessApproval", vote)).includes("no params found"),
      "the admission policies",
    );
    await waitFor(
      async () =>
        messageOf(await tryOut(api, "AzureIdentityAccessGrant", request)).includes("nobody can ask"),
      "the admission policies",
    );
  });
  return plane;
}

/** A grant's spec that the schema accepts. */
export const request = {
  bindingName: "oncall",
  requester: "alice",
  justification: "restore the ledger",
  for: "1h",
};

/** An approval's spec that the schema accepts. */
export const vote = {
  grantName: "restore",
  grantUID: "0a1b2c3d-0000-4000-8000-0123456789ab",
  bindingName: "oncall",
  approver: "admin",
  decision: "Approve",
};
