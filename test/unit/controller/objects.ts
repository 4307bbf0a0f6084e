import type { Node } from "../../../src/controller/ports.ts";
import type {
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
  Pod,
} from "../../../src/engine/resources.ts";

const group = "/subscriptions/s1/resourceGroups/nodes/providers/Microsoft.Compute";

/** ARM id of VM `name`. */
export function vmId(name: string): string {
  return `${group}/virtualMachines/${name}`;
}

/** ARM id of scale set `name`. */
export function scaleSetId(name: string): string {
  return `${group}/virtualMachineScaleSets/${name}`;
}

/** ARM id of user-assigned identity `name`. */
export function identityId(name: string): string {
  return `/subscriptions/s1/resourcegroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export function vmNode(name: string): Node {
  return { name, providerID: `azure://${vmId(name)}` };
}

export function scaleSetNode(name: string, set: string, instance: number): Node {
  return { name, providerID: `azure://${scaleSetId(set)}/virtualMachines/${instance}` };
}

export function makePod(name: string, fields: Partial<Pod> = {}): Pod {
  return {
    namespace: "shop",
    name,
    uid: `${fields.namespace ?? "shop"}-${name}-uid`,
    labels: { aadpodidbinding: "reader" },
    annotations: {},
    serviceAccount: "default",
    node: "vm-0",
    phase: "Running",
    startTime: "2026-06-14T00:00:00Z",
    addresses: [],
    hostNetwork: false,
    ...fields,
  };
}

const stored = { resourceVersion: "1", annotations: {}, creationTimestamp: "2026-01-01T00:00:00Z" };

export function makeIdentity(
  name: string,
  options: {
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec?: Partial<AzureIdentity["spec"]>;
  } = {},
): AzureIdentity {
  const { namespace = "shop", annotations = {}, spec = {} } = options;
  return {
    ...stored,
    namespace,
    name,
    annotations,
    uid: `${name}-uid`,
    spec: {
      type: 0,
      resourceID: identityId(name),
      clientID: `${name}-client`,
      objectID: "",
      tenantID: "",
      auxiliaryTenantIDs: [],
      adEndpoint: "",
      clientPassword: null,
      usableBy: null,
      ...spec,
    },
  };
}

/** A binding of identity `identity` for pods labelled `selector`. */
export function makeBinding(
  name: string,
  options: {
    readonly namespace?: string;
    readonly identity?: string;
    readonly selector?: string;
    readonly weight?: number;
    readonly timeBox?: JsonObject;
  } = {},
): AzureIdentityBinding {
  const { namespace = "shop", identity = name, selector = "reader", weight = 0, timeBox = null } = options;
  return {
    ...stored,
    namespace,
    name,
    uid: `${name}-uid`,
    spec: { azureIdentity: identity, selector, weight, match: null, timeBox },
  };
}

/** Alice's grant for binding `reader`, made when everything else was unless said otherwise. */
export function makeGrant(
  name: string,
  options: {
    readonly creationTimestamp?: string | null;
    readonly spec?: Partial<AzureIdentityAccessGrant["spec"]>;
  } = {},
): AzureIdentityAccessGrant {
  const { creationTimestamp = stored.creationTimestamp, spec = {} } = options;
  return {
    ...stored,
    namespace: "shop",
    name,
    uid: `${name}-uid`,
    creationTimestamp,
    spec: {
      bindingName: "reader",
      requester: "alice",
      justification: "restore the ledger",
      ticket: "",
      for: "15m",
      notBefore: null,
      podName: null,
      revoked: false,
      revokedBy: "",
      revokeReason: "",
      ...spec,
    },
  };
}

/** A daily window in UTC. */
export function dailyWindow(start: string, end: string, assignment?: JsonObject): JsonObject {
  return {
    openWhen: "Schedule",
    timeZone: "UTC",
    windows: [{ times: [{ start, end }] }],
    ...(assignment === undefined ? {} : { assignment }),
  };
}

/** An object as the controller writes it, for pod `pod` and `identity`. */
export function makeAssigned(
  pod: Pod,
  identity: AzureIdentity,
  fields: {
    readonly status?: Partial<AzureAssignedIdentity["status"]>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly name?: string;
  } = {},
): AzureAssignedIdentity {
  const { status = {}, annotations = {}, name = `${pod.name}-${pod.namespace}-${identity.name}` } = fields;
  return {
    ...stored,
    namespace: "default",
    name,
    uid: `${name}-uid`,
    labels: { nodename: pod.node },
    annotations: { "podid.dev/pod-uid": pod.uid, ...annotations },
    finalizers: ["azureassignedidentity.finalizers.aadpodidentity.k8s.io"],
    spec: {
      pod: pod.name,
      podNamespace: pod.namespace,
      nodename: pod.node,
      azureIdentityRef: identity,
      azureBindingRef: makeBinding(identity.name, { namespace: identity.namespace }),
    },
    status: { status: "Assigned", inForce: true, validUntil: null, ...status },
  };
}
