import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Field names of an object, and those of the objects inside; null: what stands there is nobody's name. */
interface Names {
  readonly [field: string]: Names | null;
}

const identity: Names = {
  spec: {
    type: null,
    resourceID: null,
    clientID: null,
    clientPassword: { name: null, namespace: null },
    tenantID: null,
    auxiliaryTenantIDs: null,
    adEndpoint: null,
    adResourceID: null,
    replicas: null,
  },
};
const binding: Names = { spec: { azureIdentity: null, selector: null, weight: null } };
const exception: Names = { spec: { podLabels: null } };
const assigned: Names = {
  spec: {
    azureIdentityRef: identity,
    azureBindingRef: binding,
    pod: null,
    podNamespace: null,
    nodename: null,
    replicas: null,
  },
  status: { status: null, availableReplicas: null },
};

const namesOf = {
  AzureIdentity: identity,
  AzureIdentityBinding: binding,
  AzurePodIdentityException: exception,
  AzureAssignedIdentity: assigned,
} as const;

/** The kinds that aad-pod-identity stored before 1.6, when field names began with capitals. */
export type OldKind = keyof typeof namesOf;

/**
 * `content` with its fields named as since 1.6, whatever letter case they had; the very same object when they are so
 * already (reference/aad-pod-identity.md §1.5). A field that is there in both spellings keeps the value of today's.
 */
export function withFieldCase(kind: OldKind, content: JsonObject): JsonObject {
  return respell(namesOf[kind], content);
}

function respell(names: Names, fields: JsonObject): JsonObject {
  const byLowerCase = new Map(Object.keys(names).map((name) => [name.toLowerCase(), name]));
  const renamed: [string, JsonValue][] = [];
  let isChanged = false;
  for (const [field, value] of Object.entries(fields)) {
    const name = byLowerCase.get(field.toLowerCase()) ?? field;
    const inner = names[name] ?? null;
    const respelled = inner !== null && isJsonObject(value) ? respell(inner, value) : value;
    isChanged ||= name !== field || respelled !== value;
    if (name === field || !Object.hasOwn(fields, name)) renamed.push([name, respelled]);
  }
  return isChanged ? Object.fromEntries(renamed) : fields;
}
