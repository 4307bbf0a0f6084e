import { z } from "zod";

import type { Clock } from "../runtime/clock.ts";
import { armError, etagOf, machineBody, operationBody } from "./arm-answers.ts";
import { apiVersionOf, refusedApiVersion, refusedToken } from "./arm-access.ts";
import { createArmBudget } from "./arm-budget.ts";
import type { ArmFaults } from "./arm-faults.ts";
import { type IdentityPatch, identityPatchSchema, mergeIdentity } from "./arm-identity.ts";
import { armRoute, operationPath } from "./arm-routes.ts";
import type { EmulatorRequest, EmulatorResponse, Handler } from "./http.ts";
import { blockOf, type Machine, type MachineOperation, type Machines } from "./machines.ts";
import type { EmulatorSettings } from "./settings.ts";
import type { Directory } from "./state.ts";
import type { TokenIssuer } from "./tokens.ts";

interface ArmParts {
  readonly directory: Directory;
  readonly machines: Machines;
  readonly issuer: Pick<TokenIssuer, "verify">;
  readonly settings: Pick<EmulatorSettings, "retryAfterSeconds" | "armOrigin" | "armBudgets">;
  readonly clock: Clock;
  readonly faults: ArmFaults;
}

const patchSchema = z.strictObject({ identity: identityPatchSchema.optional() });

/** ARM for `Microsoft.Compute` machines: GET and PATCH of their identities, and the operations (azure.md §4). */
export function createArmHandler(parts: ArmParts): Handler {
  const throttled = createArmBudget(parts.clock, parts.settings.armBudgets);
  return (request) => {
    const refusal =
      refusedToken(parts.issuer, request, parts.settings.armOrigin) ??
      throttled(request) ??
      refusedApiVersion(request);
    if (refusal !== null) return refusal;
    const route = armRoute(request.path);
    if (route.kind === "operation") return onOperation(parts, request, route.id);
    if (route.kind === "unknown") {
      return armError(404, "InvalidResourceType", `The emulator knows no resource at '${request.path}'.`);
    }
    const machine = parts.machines.find(route.resourceID);
    if (machine !== undefined) return onMachine(parts, request, machine);
    const message = `The Resource '${route.resource}' under resource group '${route.group}' was not found.`;
    return armError(404, "ResourceNotFound", message);
  };
}

function onMachine(parts: ArmParts, request: EmulatorRequest, machine: Machine): EmulatorResponse {
  const fault = parts.faults.answer(request, machine.resourceID);
  if (fault !== null) return { ...fault, facts: { machineID: machine.resourceID } };
  switch (request.method) {
    case "GET":
      return shown(parts, request, machine);
    case "PATCH":
      return patched(parts, request, machine);
    default:
      return armError(
        405,
        "MethodNotAllowed",
        `The emulator knows GET and PATCH here, not ${request.method}.`,
      );
  }
}

function shown(parts: ArmParts, request: EmulatorRequest, machine: Machine): EmulatorResponse {
  return {
    status: 200,
    headers: { etag: etagOf(machine) },
    json: machineBody(machine, parts.directory, apiVersionOf(request)),
    facts: { machineID: machine.resourceID },
  };
}

function patched(parts: ArmParts, request: EmulatorRequest, machine: Machine): EmulatorResponse {
  const facts = { machineID: machine.resourceID };
  const body = parsedPatch(request.body);
  if (body.kind === "bad") return { ...armError(400, body.code, body.message), facts };
  // 409 while another update runs or the machine is being deleted, 412 when an etag race was lost (azure.md §4.2).
  if (machine.isDeleting) {
    const message = `The machine '${machine.resourceID}' is being deleted.`;
    return { ...armError(409, "OperationNotAllowed", message), facts };
  }
  if (machine.pending !== null) {
    const message = `Another operation is in progress on '${machine.resourceID}': try again later.`;
    return { ...armError(409, "Conflict", message), facts };
  }
  const ifMatch = request.headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== etagOf(machine)) {
    const message = `The condition '${ifMatch}' in the If-Match header was not satisfied.`;
    return { ...armError(412, "PreconditionFailed", message), facts };
  }
  if (body.identity === undefined) return shown(parts, request, machine);
  const exists = (id: string): boolean => parts.directory.userAssignedIdentity(id) !== undefined;
  const merge = mergeIdentity(blockOf(machine), body.identity, exists);
  if (merge.kind === "refused") return { ...armError(400, merge.code, merge.message), facts };
  if (!merge.changed) return shown(parts, request, machine);
  const end = parts.faults.operationEnd(request, machine.resourceID);
  const started = parts.machines.begin(machine, merge.block, end);
  return {
    ...(end.kind === "succeeds" && isOver(started)
      ? shownNow(parts, request, machine)
      : accepted(parts, request, started)),
    facts: { ...facts, added: merge.added, removed: merge.removed },
  };
}

/** With a duration of 0 there is nothing to follow: the answer is 200 with the machine as it is then. */
function isOver({ operation }: MachineOperation): boolean {
  return operation.status === "Succeeded";
}

function shownNow(parts: ArmParts, request: EmulatorRequest, before: Machine): EmulatorResponse {
  return shown(parts, request, parts.machines.find(before.resourceID) ?? before);
}

type ParsedPatch =
  | { readonly kind: "patch"; readonly identity: IdentityPatch | undefined }
  | { readonly kind: "bad"; readonly code: string; readonly message: string };

function parsedPatch(text: string): ParsedPatch {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "bad", code: "InvalidRequestContent", message: "The request content was not valid JSON." };
  }
  const parsed = patchSchema.safeParse(json);
  if (parsed.success) return { kind: "patch", identity: parsed.data.identity };
  return { kind: "bad", code: "InvalidIdentityValues", message: z.prettifyError(parsed.error) };
}

/** 202 with the machine as it is until the operation ends, and both URLs to follow it (azure.md §4.2). */
function accepted(parts: ArmParts, request: EmulatorRequest, running: MachineOperation): EmulatorResponse {
  const { machine, operation } = running;
  const path = operationPath(machine.resourceID, machine.location, operation.id);
  const url = `${parts.settings.armOrigin}${path}?api-version=${apiVersionOf(request)}`;
  return {
    status: 202,
    headers: { "azure-asyncoperation": url, location: `${url}&monitor=true`, ...retryAfter(parts) },
    json: machineBody(machine, parts.directory, apiVersionOf(request)),
    facts: { machineID: machine.resourceID },
  };
}

/** The operation's status, or with `monitor=true` (the Location of a 202) its result. */
function onOperation(parts: ArmParts, request: EmulatorRequest, id: string): EmulatorResponse {
  if (request.method !== "GET") return armError(405, "MethodNotAllowed", "An operation can only be read.");
  const found = parts.machines.operation(id);
  if (found === undefined) return armError(404, "ResourceNotFound", `The operation '${id}' was not found.`);
  const { machine, operation } = found;
  const running = operation.status === "InProgress";
  if (request.query.get("monitor") === "true") {
    // The final GET must answer 200 with the resource (azure.md §4.3).
    return running ? accepted(parts, request, found) : shown(parts, request, machine);
  }
  return {
    status: 200,
    headers: running ? retryAfter(parts) : {},
    json: operationBody(operation),
    facts: { machineID: machine.resourceID },
  };
}

function retryAfter(parts: ArmParts): Readonly<Record<string, string>> {
  return { "retry-after": String(parts.settings.retryAfterSeconds) };
}
