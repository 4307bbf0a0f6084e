import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentity, AzureIdentityBinding, JsonValue, Pod } from "../engine/resources.ts";
import { isObject, objectsIn, textsIn } from "./json-shape.ts";

/** No pod can have this name: it has capital letters. */
const standInName = "STAND-IN";
const classicLabel = "aadpodidbinding";
const fewNamespaces = 4;
const fewServiceAccounts = 8;
const fewPods = 50;
const uidStart = "stand-in for ";

/** Whether the pod is one of `standInsFor`, under whatever name. */
export function isStandIn({ uid }: Pod): boolean {
  return uid.startsWith(uidStart);
}

/**
 * Pods that do not exist and that `binding` and `identity` should let pass, the likeliest first: a status concerns a
 * binding, and the policy answers for pods (docs/decisions/0011). Whether one is selected is for the policy to say.
 */
export function standInsFor(
  binding: AzureIdentityBinding,
  identity: AzureIdentity | undefined,
): readonly Pod[] {
  const { selector, match } = binding.spec;
  const usableBy = identity?.spec.usableBy ?? null;
  const namespaces = new Set([binding.namespace, ...textsIn(usableBy?.["namespaces"])]);
  const accounts = new Set([
    ...textsIn(match?.["serviceAccounts"]),
    // `name`, or `namespace/name`.
    ...textsIn(usableBy?.["serviceAccounts"]).map((name) => name.slice(name.indexOf("/") + 1)),
    "default",
  ]);
  const labels = {
    ...labelsFor(match?.["podSelector"]),
    ...(selector === "" ? {} : { [classicLabel]: selector }),
  };
  const [name = standInName] = textsIn(match?.["pods"]);
  return [...namespaces].slice(0, fewNamespaces).flatMap((namespace) =>
    [...accounts].slice(0, fewServiceAccounts).map((serviceAccount) => ({
      namespace,
      name,
      uid: `${uidStart}${keyOf(binding)}`,
      labels,
      annotations: {},
      serviceAccount,
      node: "",
      phase: "Running",
      startTime: null,
      addresses: [],
      hostNetwork: false,
    })),
  );
}

/** Pods that exist and that `binding` may select, for a `match` that no stand-in could be made for. */
export function livePodsFor(binding: AzureIdentityBinding, pods: readonly Pod[]): readonly Pod[] {
  const { selector } = binding.spec;
  return pods
    .filter(({ namespace, labels }) =>
      selector === "" ? namespace === binding.namespace : labels[classicLabel] === selector,
    )
    .slice(0, fewPods);
}

/** Labels that a label selector takes, if any do; what must be absent is. */
function labelsFor(podSelector: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isObject(podSelector)) return {};
  const { matchLabels, matchExpressions } = podSelector;
  const labels: Record<string, string> = {};
  for (const { key, operator, values } of objectsIn(matchExpressions)) {
    const [value = "any"] = textsIn(values);
    if (typeof key === "string" && (operator === "In" || operator === "Exists")) labels[key] ??= value;
  }
  for (const [key, value] of Object.entries(isObject(matchLabels) ? matchLabels : {})) {
    if (typeof value === "string") labels[key] = value;
  }
  return labels;
}
