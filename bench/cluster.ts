import type { ValidateDecision } from "../src/engine/decision.ts";
import type { Engine } from "../src/engine/engine.ts";
import { validateInput } from "../src/engine/questions.ts";
import type {
  AzureIdentity,
  AzureIdentityBinding,
  ClusterResources,
  JsonObject,
} from "../src/engine/resources.ts";

/** A box that costs what a usual one does: a window over midnight's edge, on some days, in a zone. */
export const nightly: JsonObject = {
  openWhen: "Schedule",
  timeZone: "Europe/Berlin",
  windows: [{ times: [{ start: "00:00", end: "01:00" }], weekdays: ["Mon..Fri"] }],
};

/** A binding with a time box, and how it selects pods. */
export interface BindingShape {
  readonly namespace: string;
  readonly name: string;
  readonly selector?: string;
  readonly match?: JsonObject;
  readonly timeBox?: JsonObject;
  readonly weight?: number;
}

/** A binding and the identity that it gives. */
export function bindingOf({
  namespace,
  name,
  selector,
  match,
  timeBox,
  weight,
}: BindingShape): AzureIdentityBinding {
  return {
    ...stored(namespace, name),
    spec: {
      azureIdentity: name,
      selector: selector ?? "",
      weight: weight ?? 0,
      match: match ?? null,
      timeBox: timeBox ?? nightly,
    },
  };
}

/** Lets the policy itself check time boxes, as the daemons do. */
export function checkWith(engine: Engine): (binding: AzureIdentityBinding) => ValidateDecision {
  return (binding) => engine.decide("validate", validateInput(binding));
}

/** The bindings with one identity each, and nothing else. */
export function clusterOf(bindings: readonly AzureIdentityBinding[]): ClusterResources {
  const identities = bindings.map(({ namespace, spec }) => identityOf(namespace, spec.azureIdentity));
  return { identities, bindings, grants: [], approvals: [], exceptions: [], namespaces: [] };
}

function identityOf(namespace: string, name: string): AzureIdentity {
  return {
    ...stored(namespace, name),
    spec: {
      type: 0,
      resourceID: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
      clientID: name,
      objectID: "",
      tenantID: "",
      auxiliaryTenantIDs: [],
      adEndpoint: "",
      clientPassword: null,
      usableBy: null,
    },
  };
}

function stored(namespace: string, name: string): Omit<AzureIdentityBinding, "spec"> {
  return { namespace, name, uid: name, resourceVersion: "1", annotations: {}, creationTimestamp: null };
}
