import { kindPaths } from "./kind-paths.ts";
import type { ResourceKind } from "./resource-source.ts";

/** One thing that an API server can be asked to allow. */
export interface Right {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  readonly group: string;
  /** With its subresource, as `azureidentitybindings/status`. */
  readonly resource: string;
  /** Absent for any. */
  readonly name?: string;
  /** Absent for all. */
  readonly namespace?: string;
}

const group = "aadpodidentity.k8s.io";
const definitions = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
const admission = "admissionregistration.k8s.io";

/** What it takes to follow these kinds: the watches begin with lists. */
export function readingRights(kinds: readonly ResourceKind[]): readonly Right[] {
  return kinds.flatMap((kind) => {
    const { apiVersion, plural } = kindPaths[kind];
    return allow(["list", "watch"], apiVersion.replace(/\/?v1$/, ""), plural);
  });
}

/** What both daemons do besides: compare definitions, look whether admission policies are enforced, tell events. */
export function daemonRights(definitionNames: readonly string[]): readonly Right[] {
  return [
    ...definitionNames.map((name): Right => ({ verb: "get", ...definitions, name })),
    ...allow(["list", "watch"], definitions.group, definitions.resource),
    ...allow(["list", "watch"], admission, "validatingadmissionpolicies"),
    ...allow(["list", "watch"], admission, "validatingadmissionpolicybindings"),
    ...allow(["create", "patch"], "events.k8s.io", "events"),
  ];
}

/** What the controller writes, and the Lease by which it is elected. */
export function controllerRights(leaseNamespace: string): readonly Right[] {
  const lease = { group: "coordination.k8s.io", resource: "leases", namespace: leaseNamespace };
  return [
    ...allow(["get", "create", "update", "patch", "delete"], group, "azureassignedidentities"),
    ...allow(["patch"], group, "azureidentitybindings/status"),
    ...allow(["patch"], group, "azureidentityaccessgrants/status"),
    ...allow(["delete"], group, "azureidentityaccessgrants"),
    ...allow(["delete"], group, "azureidentityaccessapprovals"),
    { verb: "get", ...lease },
    { verb: "create", ...lease },
    { verb: "update", ...lease },
  ];
}

function allow(verbs: readonly Right["verb"][], ofGroup: string, resource: string): readonly Right[] {
  return verbs.map((verb) => ({ verb, group: ofGroup, resource }));
}
