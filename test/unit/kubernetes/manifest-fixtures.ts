import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

import { jsonObject, type JsonObject } from "../../../src/kubernetes/json.ts";
import type { AssessmentOptions, ManifestJudge } from "../../../src/kubernetes/manifest-assessment.ts";
import type { CollectedManifests } from "../../../src/kubernetes/manifest-collector.ts";
import { renderProblem } from "../../../src/kubernetes/manifest-problem.ts";
import { readManifestTexts } from "../../../src/kubernetes/manifest-files.ts";
import { createManifestReader } from "../../../src/kubernetes/manifest-reader.ts";
import { loadCrdSchemas } from "../../../src/kubernetes/manifest-schema.ts";

export const crdDirectory = join(import.meta.dirname, "../../../deploy/crds");
export const crds = await loadCrdSchemas(crdDirectory);

/** A new folder with these files, by path relative to it; gone after the test. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "podid-manifests-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await Promise.all(Object.entries(files).map(([file, text]) => writeManifest(directory, file, text)));
  return directory;
}

export async function writeManifest(directory: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true });
  await writeFile(join(directory, file), text);
}

export const resourceID =
  "/subscriptions/7d1f5b1e-0000-4000-8000-000000000001/resourcegroups/demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo";

/** Manifests with what the test is about put in at the end of `spec`. */
export const identity = (name: string, more = ""): string => `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata:
  name: ${name}
  namespace: shop
spec:
  type: 0
  resourceID: ${resourceID}
${more}`;

export const binding = (name: string, more = ""): string => `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata:
  name: ${name}
  namespace: shop
spec:
  azureIdentity: reader
  selector: web
${more}`;

export const grant = (name: string, more = ""): string => `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityAccessGrant
metadata:
  name: ${name}
  namespace: shop
  uid: ${name}-uid
  creationTimestamp: 2026-05-01T10:00:00Z
spec:
  bindingName: oncall
  requester: alice
  justification: restore the ledger
  for: 15m
${more}`;

export const approval = (
  name: string,
  grantName: string,
  more = "",
): string => `apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityAccessApproval
metadata:
  name: ${name}
  namespace: shop
  creationTimestamp: 2026-05-01T10:05:00Z
spec:
  grantName: ${grantName}
  grantUID: ${grantName}-uid
  bindingName: oncall
  approver: bob
  decision: Approve
${more}`;

export const pod = (name: string, more = ""): string => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
${more}`;

/** An object of a podid kind as JSON. */
export const objectOf = (kind: string, spec: unknown): JsonObject =>
  jsonObject.parse({
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind,
    metadata: { name: "x" },
    ...(spec === undefined ? {} : { spec }),
  });

/** Whether such an object fits the schema of its kind. */
export const fits = (kind: keyof typeof crds, spec: unknown): boolean =>
  crds[kind].validate(objectOf(kind, spec)).length === 0;

/** Options of `createManifestReader`. */
export const reading = (judge: ManifestJudge = () => []): AssessmentOptions => ({ schemas: crds, judge });

/** What a reader that knows nothing yet says of a folder. */
export async function readDirectory(
  directory: string,
  options: AssessmentOptions = reading(),
): Promise<CollectedManifests> {
  return createManifestReader(options).read(await readManifestTexts(directory));
}

/** Reads a folder with these files; lines are rendered problems with paths relative to it. */
export async function readFolder(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  options?: AssessmentOptions,
): Promise<CollectedManifests & { readonly lines: readonly string[]; readonly keys: readonly string[] }> {
  const directory = await folderWith(t, files);
  const { resources, secrets, problems } = await readDirectory(directory, options);
  const lines = problems.map((problem) => renderProblem(problem).replaceAll(`${directory}/`, ""));
  const keys = Object.entries(resources).flatMap(([kind, objects]) =>
    [...objects.keys()].map((key) => `${kind} ${key}`),
  );
  return { resources, secrets, problems, lines, keys };
}
