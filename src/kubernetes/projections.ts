import { SocketAddress, isIP, isIPv6 } from "node:net";

import { z } from "zod";

import { azureIdentityAccessApproval, azureIdentityAccessGrant } from "./access-projections.ts";
import {
  counted,
  instant,
  integer,
  json,
  metadata,
  stored,
  text,
  textMap,
  texts,
} from "./projection-fields.ts";
import type { ResourceKinds } from "./resource-source.ts";

/** Addresses are compared as text, so each has one spelling. Empty is absent. */
const address = z
  .string()
  .refine((value) => value === "" || isIP(value) !== 0, { error: "must be an IP address" })
  .transform((value) =>
    isIPv6(value) ? new SocketAddress({ address: value, family: "ipv6" }).address : value,
  );

const pod = z
  .object({
    metadata,
    spec: z
      .object({
        nodeName: text,
        serviceAccountName: text,
        hostNetwork: z.boolean().nullish(),
      })
      .nullish(),
    status: z
      .object({
        phase: text,
        startTime: instant,
        podIP: address.nullish(),
        podIPs: z.array(z.object({ ip: address })).nullish(),
      })
      .nullish(),
  })
  .transform(({ metadata: meta, spec, status }) => ({
    namespace: meta.namespace,
    name: meta.name,
    uid: meta.uid,
    labels: meta.labels,
    annotations: meta.annotations,
    serviceAccount: spec?.serviceAccountName || "default",
    node: spec?.nodeName ?? "",
    phase: status?.phase ?? "",
    startTime: status?.startTime ?? null,
    // podIPs may be missing beside podIP in objects that no API server has completed.
    addresses: [...new Set([status?.podIP ?? "", ...(status?.podIPs ?? []).map(({ ip }) => ip)])].filter(
      (ip) => ip !== "",
    ),
    hostNetwork: spec?.hostNetwork ?? false,
    ...(meta.deletionTimestamp === null ? {} : { deletionTimestamp: meta.deletionTimestamp }),
  }));

const node = z
  .object({ metadata, spec: z.object({ providerID: text }).nullish() })
  .transform(({ metadata: meta, spec }) => ({
    name: meta.name,
    labels: meta.labels,
    providerID: spec?.providerID ?? "",
  }));

const namespace = z.object({ metadata }).transform(({ metadata: meta }) => ({
  name: meta.name,
  // The API server adds this label to every namespace; selectors may count on it.
  labels: { ...meta.labels, "kubernetes.io/metadata.name": meta.name },
}));

const azureIdentitySpec = z.object({
  type: integer,
  resourceID: text,
  clientID: text,
  objectID: text,
  tenantID: text,
  auxiliaryTenantIDs: texts,
  adEndpoint: text,
  clientPassword: z.object({ name: text, namespace: text }).nullish(),
  usableBy: json,
});

const azureIdentity = z
  .object({ metadata, spec: azureIdentitySpec.nullish() })
  .transform(({ metadata: meta, spec: given }) => {
    const spec = given ?? azureIdentitySpec.parse({});
    return {
      ...stored(meta),
      spec: {
        type: spec.type,
        resourceID: spec.resourceID,
        clientID: spec.clientID,
        objectID: spec.objectID,
        tenantID: spec.tenantID,
        auxiliaryTenantIDs: spec.auxiliaryTenantIDs,
        adEndpoint: spec.adEndpoint,
        clientPassword:
          spec.clientPassword == null
            ? null
            : { namespace: spec.clientPassword.namespace, name: spec.clientPassword.name },
        usableBy: spec.usableBy,
      },
    };
  });

const azureIdentityBindingSpec = z.object({
  azureIdentity: text,
  selector: text,
  weight: integer,
  match: json,
  timeBox: json,
});

const azureIdentityBinding = z
  .object({ metadata, spec: azureIdentityBindingSpec.nullish() })
  .transform(({ metadata: meta, spec: given }) => {
    const {
      azureIdentity: identity,
      selector,
      weight,
      match,
      timeBox,
    } = given ?? azureIdentityBindingSpec.parse({});
    return {
      ...stored(meta),
      ...counted(meta),
      spec: { azureIdentity: identity, selector, weight, match, timeBox },
    };
  });

const azurePodIdentityException = z
  .object({ metadata, spec: z.object({ podLabels: textMap }).nullish() })
  .transform(({ metadata: meta, spec }) => ({ ...stored(meta), spec: { podLabels: spec?.podLabels ?? {} } }));

const assignmentStates = ["Created", "Assigned", "Unassigned"] as const;

const azureAssignedIdentity = z
  .object({
    metadata,
    spec: z
      .object({
        pod: text,
        podNamespace: text,
        nodename: text,
        azureIdentityRef: azureIdentity.nullish(),
        azureBindingRef: azureIdentityBinding.nullish(),
      })
      .nullish(),
    status: z
      .object({
        // Whatever else stands there was not written by us or by aad-pod-identity: not assigned.
        status: z.unknown().optional().transform(assignmentStateOf),
        inForce: z.boolean().nullish(),
        validUntil: z.string().nullish(),
      })
      .nullish(),
  })
  .transform(({ metadata: meta, spec, status }) => ({
    ...stored(meta),
    labels: meta.labels,
    finalizers: meta.finalizers,
    ...(meta.deletionTimestamp === null ? {} : { isGoing: true as const }),
    spec: {
      pod: spec?.pod ?? "",
      podNamespace: spec?.podNamespace ?? "",
      nodename: spec?.nodename ?? "",
      azureIdentityRef: spec?.azureIdentityRef ?? null,
      azureBindingRef: spec?.azureBindingRef ?? null,
    },
    status: {
      status: status?.status ?? "",
      inForce: status?.inForce ?? null,
      validUntil: status?.validUntil ?? null,
    },
  }));

function assignmentStateOf(value: unknown): "" | (typeof assignmentStates)[number] {
  return assignmentStates.find((state) => state === value) ?? "";
}

/** A schema per kind: `projections.Pod.safeParse(raw)`. Raw objects come from files or an API server. */
export const projections: { readonly [K in keyof ResourceKinds]: z.ZodType<ResourceKinds[K]> } = {
  Pod: z.compile(pod),
  Node: z.compile(node),
  Namespace: z.compile(namespace),
  AzureIdentity: z.compile(azureIdentity),
  AzureIdentityBinding: z.compile(azureIdentityBinding),
  AzurePodIdentityException: z.compile(azurePodIdentityException),
  AzureIdentityAccessGrant: z.compile(azureIdentityAccessGrant),
  AzureIdentityAccessApproval: z.compile(azureIdentityAccessApproval),
  AzureAssignedIdentity: z.compile(azureAssignedIdentity),
};

const base64 = z.base64({ error: "must be base64: use stringData for plain text" });

/**
 * A Secret's data, decoded. stringData wins over data, as on an API server.
 * Values are text; a certificate in binary form must not be read through this.
 */
export const secretProjection: z.ZodType<ReadonlyMap<string, string>> = z
  .object({ data: z.record(z.string(), base64).nullish(), stringData: textMap })
  .transform(
    ({ data, stringData }) =>
      new Map([
        ...Object.entries(data ?? {}).map(([key, value]): [string, string] => [
          key,
          Buffer.from(value, "base64").toString("utf8"),
        ]),
        ...Object.entries(stringData),
      ]),
  );
