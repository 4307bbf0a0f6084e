import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";

import { createArmHandler } from "../../../src/emulator/arm.ts";
import type { EmulatorRequest, EmulatorResponse } from "../../../src/emulator/http.ts";
import { blockOf, createMachines, type Machines } from "../../../src/emulator/machines.ts";
import { defaultSettings } from "../../../src/emulator/settings.ts";
import { createDirectory } from "../../../src/emulator/state.ts";
import type { SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { identityIds, tenantID } from "./ids.ts";

export type RequestKind = "GET" | "PATCH" | "POLL";

/** How one request is treated instead of being served. */
export type ArmFault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** The connection breaks before ARM has the request, or before its answer is back. */
  | { readonly kind: "reset" }
  | { readonly kind: "lost" }
  /** ARM does it and the answer never comes. */
  | { readonly kind: "hangs" }
  /** The operation that this PATCH starts changes nothing and says so at its end; or never says so. */
  | { readonly kind: "failsLate" }
  | { readonly kind: "neverEnds" }
  | { readonly kind: "urlVanishes" };

/** A PATCH that ARM accepted: lower-cased target, names of identities. */
export interface AcceptedPatch {
  readonly target: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** ARM as the emulator has it, without sockets. */
export interface Azure {
  /** Serves one request; `fault` says how. What the SDK's HTTP client would throw, it throws. */
  serve(request: PipelineRequest, fault: ArmFault | null): Promise<PipelineResponse>;
  /** Adds a machine unless it is there already. */
  addMachine(id: string, identities?: readonly string[]): void;
  removeMachine(id: string): void;
  /** Lower-cased ids. */
  machines(): readonly string[];
  /** Lower-cased ids of the identities on a machine now; undefined when there is no such machine. */
  on(id: string): ReadonlySet<string> | undefined;
  /** The same after the running operation, if any. */
  soonOn(id: string): ReadonlySet<string> | undefined;
  /** Somebody else attaches an identity. */
  attach(id: string, identity: string): void;
  /** Identities that ARM does not know, lower-cased. */
  readonly unknown: Set<string>;
  onAccepted: (patch: AcceptedPatch) => void;
}

const duration = { operationDurationMs: 5000, visibilityLagMs: 0 };
const settings = { ...defaultSettings, ...duration, retryAfterSeconds: 2 };

/** Azure without machines, and with all identities. */
export function createAzure(clock: SimulatedClock): Azure {
  const directory = createDirectory();
  directory.add({
    tenants: [{ tenantID }],
    userAssignedIdentities: identityIds.map((resourceID, index) => ({
      resourceID,
      clientID: `10000000-0000-4000-8000-00000000000${index}`,
      objectID: `11000000-0000-4000-8000-00000000000${index}`,
      tenantID,
    })),
  });
  const world = createMachineWorld(clock);
  const endings = new Map<string, ArmFault["kind"]>();
  const unknown = new Set<string>();
  const handle = createArmHandler({
    machines: world.machines,
    directory: {
      ...directory,
      userAssignedIdentity: (id) =>
        unknown.has(id.toLowerCase()) ? undefined : directory.userAssignedIdentity(id),
    },
    issuer: { verify: () => ({ kind: "valid", audience: "https://management.azure.com" }) },
    settings,
  });

  const answer = async (request: PipelineRequest, fault: ArmFault | null): Promise<EmulatorResponse> => {
    const kind = kindOf(request);
    if (fault?.kind === "status") return statusAnswer(fault);
    if (kind === "POLL") {
      const ending = endings.get(operationOf(request.url));
      if (ending === "urlVanishes") return statusAnswer({ kind: "status", status: 404 });
      return endedAs(ending, await handle(toEmulator(request)));
    }
    if (kind === "PATCH") world.nextChangesNothing(fault?.kind === "failsLate");
    const response = await handle(toEmulator(request));
    world.nextChangesNothing(false);
    const url = response.headers?.["azure-asyncoperation"];
    if (url !== undefined && fault !== null) endings.set(operationOf(url), fault.kind);
    return response;
  };

  const azure: Azure = {
    ...world,
    machines: () => world.ids(),
    unknown,
    onAccepted: () => undefined,
    serve: async (request, fault) => {
      if (fault?.kind === "reset") throw connectionLost();
      const response = await answer(request, fault);
      const { facts } = response;
      if (response.status === 202 && facts?.machineID !== undefined) {
        const { machineID, added = [], removed = [] } = facts;
        azure.onAccepted({ target: machineID.toLowerCase(), added, removed });
      }
      if (fault?.kind === "lost") throw connectionLost();
      return toPipeline(request, response);
    },
  };
  return azure;
}

/** The emulator's machines, and what is not its business: that they come and go. */
function createMachineWorld(clock: SimulatedClock): Pick<
  Azure,
  "addMachine" | "removeMachine" | "on" | "soonOn" | "attach"
> & {
  readonly machines: Machines;
  readonly nextChangesNothing: (is: boolean) => void;
  readonly ids: () => readonly string[];
} {
  // One set per machine, so that a machine made anew has nothing of the one before.
  const sets = new Map<string, Machines>();
  let idle = false;
  const setOf = (id: string): Machines | undefined => sets.get(id.toLowerCase());
  const find = (id: string): ReturnType<Machines["find"]> => setOf(id)?.find(id);
  const addMachine = (resourceID: string, userAssigned: readonly string[] = []): void => {
    if (sets.has(resourceID.toLowerCase())) return;
    const machines = createMachines(clock, settings);
    machines.add({ resourceID, location: "westeurope", tenantID, userAssigned: [...userAssigned] });
    sets.set(resourceID.toLowerCase(), machines);
  };
  return {
    machines: {
      add: () => undefined,
      find,
      begin: (machine, block) => {
        const set = setOf(machine.resourceID);
        if (set === undefined) throw new Error(`${machine.resourceID} is not there`);
        return set.begin(machine, idle ? blockOf(machine) : block);
      },
      operation: (id) =>
        sets
          .values()
          .map((set) => set.operation(id))
          .find((found) => found !== undefined),
      visibleIn: () => [],
    },
    nextChangesNothing: (is) => void (idle = is),
    ids: () => [...sets.keys()],
    addMachine,
    removeMachine: (id) => void sets.delete(id.toLowerCase()),
    on: (id) => {
      const machine = find(id);
      return machine && lower(blockOf(machine).userAssigned);
    },
    soonOn: (id) => {
      const machine = find(id);
      return machine && lower((machine.pending?.block ?? blockOf(machine)).userAssigned);
    },
    attach: (id, identity) => {
      const machine = find(id);
      if (machine === undefined || machine.pending !== null) return;
      const kept = blockOf(machine).userAssigned.filter(
        (one) => one.toLowerCase() !== identity.toLowerCase(),
      );
      sets.delete(id.toLowerCase());
      addMachine(machine.resourceID, [...kept, identity]);
    },
  };
}

function lower(ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.map((id) => id.toLowerCase()));
}

/** What the request is for. */
export function kindOf({ method, url }: PipelineRequest): RequestKind {
  if (url.includes("/operations/")) return "POLL";
  return method === "PATCH" ? "PATCH" : "GET";
}

/** The lower-cased machine id that a request is about; "" for polls. */
export function targetOf({ url }: PipelineRequest): string {
  return new URL(url).pathname.toLowerCase();
}

function operationOf(url: string): string {
  return /operations\/([^/?]+)/.exec(url)?.[1] ?? "";
}

function endedAs(ending: ArmFault["kind"] | undefined, response: EmulatorResponse): EmulatorResponse {
  const isOver = JSON.stringify(response.json).includes("Succeeded");
  if (ending === "neverEnds") return { ...response, json: { status: "InProgress" } };
  if (ending !== "failsLate" || !isOver) return response;
  const error = { code: "InternalOperationError", message: "An internal error occurred." };
  return { ...response, json: { status: "Failed", error } };
}

function statusAnswer({ status, retryAfter }: Extract<ArmFault, { kind: "status" }>): EmulatorResponse {
  const codes: Readonly<Record<number, string>> = {
    404: "ResourceNotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    429: "TooManyRequests",
  };
  return {
    status,
    headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
    json: { error: { code: codes[status] ?? "InternalServerError", message: "as the test wants it" } },
  };
}

function toEmulator(request: PipelineRequest): EmulatorRequest {
  const { pathname, search, searchParams } = new URL(request.url);
  return {
    method: request.method,
    target: `${pathname}${search}`,
    path: pathname,
    query: searchParams,
    headers: request.headers.toJSON(),
    body: typeof request.body === "string" ? request.body : "",
  };
}

function toPipeline(request: PipelineRequest, response: EmulatorResponse): PipelineResponse {
  return {
    request,
    status: response.status,
    headers: createHttpHeaders({ "content-type": "application/json", ...response.headers }),
    bodyAsText: response.json === undefined ? "" : JSON.stringify(response.json),
  };
}

function connectionLost(): RestError {
  return new RestError("socket hang up", { code: "ECONNRESET" });
}

/** An HTTP client that hands every request to `serve`; of "hang" no answer comes, until the caller gives up. */
export function clientOf(
  serve: (request: PipelineRequest) => Promise<PipelineResponse | "hang">,
): HttpClient {
  return {
    sendRequest: async (request) => {
      const answer = await serve(request);
      return answer === "hang" ? givenUp(request) : answer;
    },
  };
}

function givenUp({ abortSignal }: PipelineRequest): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new DOMException("given up", "AbortError"));
    if (abortSignal?.aborted === true) giveUp();
    else abortSignal?.addEventListener("abort", giveUp);
  });
}
