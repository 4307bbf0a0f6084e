import { typeOf } from "./arm-identity.ts";
import type { EmulatorResponse } from "./http.ts";
import { blockOf, type Machine, type Operation } from "./machines.ts";
import type { Directory } from "./state.ts";
import { isoTime } from "./times.ts";

/** ARM's error form: `{"error":{"code","message"}}`. */
export function armError(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): EmulatorResponse {
  return { status, headers, json: { error: { code, message } } };
}

/** The entity tag of a machine, quotes included (RFC 9110 §8.8.3). */
export function etagOf(machine: Machine): string {
  return `"${machine.version}"`;
}

/** Bodies carry an etag since about this version (azure.md §4.1). */
const etagSince = "2024-03-01";

/** A machine as GET and PATCH show it; `apiVersion` is that of the request. */
export function machineBody(machine: Machine, directory: Directory, apiVersion: string): object {
  const [, , , , , , , type, name] = machine.resourceID.split("/");
  return {
    name,
    id: machine.resourceID,
    type: `Microsoft.Compute/${type}`,
    location: machine.location,
    ...identityProperty(machine, directory),
    properties: { provisioningState: provisioningState(machine) },
    ...(apiVersion >= etagSince ? { etag: etagOf(machine) } : {}),
  };
}

function provisioningState({ isDeleting, pending }: Machine): string {
  if (isDeleting) return "Deleting";
  return pending === null ? "Succeeded" : "Updating";
}

function identityProperty(machine: Machine, directory: Directory): object {
  const block = blockOf(machine);
  const type = typeOf(block);
  if (type === "None") return {};
  const userAssigned = block.userAssigned.map((id) => {
    const identity = directory.userAssignedIdentity(id);
    return [flippedCase(id), { principalId: identity?.objectID, clientId: identity?.clientID }] as const;
  });
  return {
    identity: {
      type,
      ...(machine.systemAssigned === null
        ? {}
        : { principalId: machine.systemAssigned.objectID, tenantId: machine.tenantID }),
      ...(userAssigned.length === 0 ? {} : { userAssignedIdentities: Object.fromEntries(userAssigned) }),
    },
  };
}

/** Azure answers with `resourcegroups` where `resourceGroups` was sent (azure.md §4.1, §7.4 rule 8). */
function flippedCase(resourceID: string): string {
  return resourceID.replace(/\/resourceGroups\//i, "/resourcegroups/");
}

/** What the operation URL answers (azure.md §4.2). */
export function operationBody(operation: Operation): object {
  const endedAtMs = operation.startedAtMs + operation.durationMs;
  return {
    name: operation.id,
    startTime: isoTime(operation.startedAtMs),
    ...(operation.status === "InProgress" ? {} : { endTime: isoTime(endedAtMs) }),
    status: operation.status,
    ...(operation.status === "Failed" && operation.end.kind === "fails"
      ? { error: { code: operation.end.code, message: operation.end.message } }
      : {}),
  };
}
