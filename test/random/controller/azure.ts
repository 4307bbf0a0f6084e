import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";

import { createArmHandler } from "../../../src/emulator/arm.ts";
import type { EmulatorRequest, EmulatorResponse } from "../../../src/emulator/http.ts";
import { blockOf, createMachines, type Machines, type OperationEnd } from "../../../src/emulator/machines.ts";
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
  /** Somebody else attaches an identity; answers false where ARM does not take that now. */
  attach(id: string, identity: string): boolean;
  /** Identities that ARM does not know, lower-cased. */
  readonly unknown: Set<string>;
  onAccepted: (patch: AcceptedPatch) => void;
  /** A PATCH may have done something, as far as who sent it can tell: lower-cased target, lower-cased ids that it names. */
  onAsked: (target: string, ids: readonly string[]) => void;
}

const duration = { operationDurationMs: 12_000, visibilityLagMs: 0 };
const settings = { ...defaultSettings, ...duration, retryAfterSeconds: 2 };

const ends: Readonly<Record<string, OperationEnd>> = {
  failsLate: { kind: "fails", code: "InternalOperationError", message: "An internal error occurred." },
  urlVanishes: { kind: "vanishes" },
};

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
  const neverEnding = new Set<string>();
  const unknown = new Set<string>();
  let operationEnd: OperationEnd = { kind: "succeeds" };
  const handle = createArmHandler({
    machines: world.machines,
    directory: {
      ...directory,
      userAssignedIdentity: (id) =>
        unknown.has(id.toLowerCase()) ? undefined : directory.userAssignedIdentity(id),
    },
    issuer: { verify: () => ({ kind: "valid", audience: "https://management.azure.com" }) },
    faults: { add: () => () => undefined, answer: () => null, operationEnd: () => operationEnd },
    settings,
    clock,
  });

  const answer = async (request: PipelineRequest, fault: ArmFault | null): Promise<EmulatorResponse> => {
    if (fault?.kind === "status") return statusAnswer(fault);
    operationEnd = ends[fault?.kind ?? ""] ?? { kind: "succeeds" };
    const response = await handle(toEmulator(request));
    const url = response.headers?.["azure-asyncoperation"];
    if (url !== undefined && fault?.kind === "neverEnds") neverEnding.add(operationOf(url));
    return neverEnding.has(operationOf(request.url))
      ? { ...response, json: { status: "InProgress" } }
      : response;
  };

  const azure: Azure = {
    ...world,
    machines: () => world.ids(),
    unknown,
    onAccepted: () => undefined,
    onAsked: () => undefined,
    serve: async (request, fault) => {
      const asked = (): void => {
        if (kindOf(request) === "PATCH") azure.onAsked(targetOf(request), idsIn(request));
      };
      if (fault?.kind === "reset") {
        asked();
        throw connectionLost();
      }
      const response = await answer(request, fault);
      const isRefusal = response.status >= 400 && response.status < 500;
      if (fault?.kind === "lost" || !isRefusal) asked();
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
  readonly ids: () => readonly string[];
} {
  const times = { ...settings };
  // One set per machine, so that a machine made anew has nothing of the one before.
  const sets = new Map<string, Machines>();
  const setOf = (id: string): Machines | undefined => sets.get(id.toLowerCase());
  const find = (id: string): ReturnType<Machines["find"]> => setOf(id)?.find(id);
  const addMachine = (resourceID: string, userAssigned: readonly string[] = []): void => {
    if (sets.has(resourceID.toLowerCase())) return;
    const machines = createMachines(clock, times);
    machines.add({ resourceID, location: "westeurope", tenantID, userAssigned: [...userAssigned] });
    sets.set(resourceID.toLowerCase(), machines);
  };
  return {
    machines: {
      add: () => undefined,
      remove: () => undefined,
      markDeleting: () => undefined,
      find,
      begin: (machine, block, end) => {
        const set = setOf(machine.resourceID);
        if (set === undefined) throw new Error(`${machine.resourceID} is not there`);
        return set.begin(machine, block, end);
      },
      operation: (id) =>
        sets
          .values()
          .map((set) => set.operation(id))
          .find((found) => found !== undefined),
      visibleIn: () => [],
    },
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
      if (machine === undefined || machine.pending !== null) return false;
      const kept = blockOf(machine).userAssigned.filter(
        (one) => one.toLowerCase() !== identity.toLowerCase(),
      );
      // At once, and with another etag.
      times.operationDurationMs = 0;
      setOf(id)?.begin(
        machine,
        { ...blockOf(machine), userAssigned: [...kept, identity] },
        { kind: "succeeds" },
      );
      times.operationDurationMs = settings.operationDurationMs;
      return true;
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

/** The identities that a PATCH names, lower-cased. */
function idsIn({ body }: PipelineRequest): readonly string[] {
  const text = typeof body === "string" ? body.toLowerCase() : "";
  return identityIds.map((id) => id.toLowerCase()).filter((id) => text.includes(`"${id}"`));
}

function operationOf(url: string): string {
  return /operations\/([^/?]+)/.exec(url)?.[1] ?? "";
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
