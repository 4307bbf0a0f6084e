import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { kindPaths } from "./kind-paths.ts";
import type { AssignedIdentityStatusPatch, NewAssignedIdentity } from "./resource-source.ts";
import type { AzureAssignedIdentity, AzureIdentity, AzureIdentityBinding } from "./resources.ts";

/**
 * AzureAssignedIdentity as the API server stores it, so that aad-pod-identity's NMI could read ours
 * (reference/aad-pod-identity.md §1.3): snapshots carry apiVersion, kind and metadata.
 */

/** The body that creates `object`. */
export function assignedIdentityBody(object: NewAssignedIdentity): JsonObject {
  const { namespace, name, labels, annotations, finalizers } = object;
  return {
    apiVersion: kindPaths.AzureAssignedIdentity.apiVersion,
    kind: "AzureAssignedIdentity",
    metadata: { namespace, name, labels, annotations, finalizers },
    spec: specOf(object),
    // As the reference writes it at creation; nothing reads it.
    status: { ...statusOf(object.status), availableReplicas: 1 },
  };
}

/** `stored`, an object as the server answered it, with what podid knows of it as `object` says; all else stays. */
export function mergeAssignedIdentity(stored: JsonObject, object: NewAssignedIdentity): JsonObject {
  const { labels, annotations, finalizers } = object;
  return {
    ...stored,
    metadata: { ...fieldsOf(stored["metadata"]), labels, annotations, finalizers },
    spec: { ...fieldsOf(stored["spec"]), ...specOf(object) },
    // What is null now is absent, so the old values must not shine through.
    status: { ...without(fieldsOf(stored["status"]), ["inForce", "validUntil"]), ...statusOf(object.status) },
  };
}

/** A merge patch of the fields that `patch` names; null removes one of the status. */
export function statusPatch(patch: AssignedIdentityStatusPatch): JsonObject {
  const { status, inForce, validUntil, annotations } = patch;
  return {
    ...(annotations === undefined ? {} : { metadata: { annotations } }),
    status: {
      ...(status === undefined ? {} : { status }),
      ...(inForce === undefined ? {} : { inForce }),
      ...(validUntil === undefined ? {} : { validUntil }),
    },
  };
}

function specOf({ spec }: Pick<AzureAssignedIdentity, "spec">): JsonObject {
  const { pod, podNamespace, nodename, azureIdentityRef, azureBindingRef } = spec;
  return {
    pod,
    podNamespace,
    nodename,
    azureIdentityRef: azureIdentityRef === null ? null : identitySnapshot(azureIdentityRef),
    azureBindingRef: azureBindingRef === null ? null : bindingSnapshot(azureBindingRef),
  };
}

function statusOf({ status, inForce, validUntil }: AzureAssignedIdentity["status"]): JsonObject {
  return {
    status,
    ...(inForce === null ? {} : { inForce }),
    ...(validUntil === null ? {} : { validUntil }),
  };
}

function identitySnapshot(object: AzureIdentity): JsonObject {
  const { objectID, tenantID, adEndpoint, auxiliaryTenantIDs, clientPassword, usableBy, ...spec } =
    object.spec;
  return {
    ...snapshotHead("AzureIdentity", object),
    spec: {
      ...spec,
      ...filled({ objectID, tenantID, adEndpoint }),
      ...(auxiliaryTenantIDs.length === 0 ? {} : { auxiliaryTenantIDs }),
      ...(clientPassword === null ? {} : { clientPassword: { ...clientPassword } }),
      ...(usableBy === null ? {} : { usableBy }),
    },
  };
}

function bindingSnapshot(object: AzureIdentityBinding): JsonObject {
  const { match, timeBox, weight, ...spec } = object.spec;
  return {
    ...snapshotHead("AzureIdentityBinding", object),
    spec: {
      ...spec,
      ...(weight === 0 ? {} : { weight }),
      ...(match === null ? {} : { match }),
      ...(timeBox === null ? {} : { timeBox }),
    },
  };
}

function snapshotHead(
  kind: "AzureIdentity" | "AzureIdentityBinding",
  object: AzureIdentity | AzureIdentityBinding,
): JsonObject {
  const { namespace, name, uid, resourceVersion, annotations, creationTimestamp } = object;
  const generation = "generation" in object ? object.generation : undefined;
  return {
    apiVersion: kindPaths[kind].apiVersion,
    kind,
    metadata: {
      namespace,
      name,
      ...filled({ uid, resourceVersion }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(creationTimestamp === null ? {} : { creationTimestamp }),
      ...(generation === undefined ? {} : { generation }),
    },
  };
}

/** Without the empty ones. */
function filled(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
}

function without(fields: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

function fieldsOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
