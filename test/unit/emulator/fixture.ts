import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import type { TestContext } from "node:test";

import { z } from "zod";

import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import type { EmulatorAddresses } from "../../../src/emulator/network.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import type { AzureStateInput, UserAssignedIdentity } from "../../../src/emulator/state.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

export const tenantID = "11111111-1111-4111-8111-111111111111";
export const subscription = "/subscriptions/00000000-0000-4000-8000-000000000000";
export const group = `${subscription}/resourceGroups/MC_shop`;
export const machineID = `${group}/providers/Microsoft.Compute/virtualMachines/vm-0`;
export const scaleSetID = `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/pool`;
export const secret = "canary-secret-7Q~x";

export const application = {
  clientID: "22222222-2222-4222-8222-222222222222",
  objectID: "22222222-2222-4222-8222-22222222222a",
  tenantID,
  secrets: ["an-older-secret", secret],
};
export const reader = userAssigned("reader", "3");
export const writer = userAssigned("writer", "4");
export const systemAssigned = {
  clientID: "55555555-5555-4555-8555-555555555555",
  objectID: "55555555-5555-4555-8555-55555555555a",
};

/** A Friday; whole seconds, so that token times are easy to state. */
export const startMs = Temporal.Instant.from("2026-06-12T22:00:00Z").epochMilliseconds;

function userAssigned(name: string, digit: string): UserAssignedIdentity {
  return {
    resourceID: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    clientID: "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", digit),
    objectID: "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxa".replaceAll("x", digit),
    tenantID,
  };
}

export interface Started {
  readonly emulator: Emulator;
  readonly addresses: EmulatorAddresses;
}

/** Starts an emulator with one machine and one scale set; it closes with the test. */
export async function started(
  t: TestContext,
  clock: Clock,
  options: {
    readonly settings?: Partial<EmulatorSettings>;
    readonly machine?: Partial<NonNullable<AzureStateInput["machines"]>[number]>;
  } = {},
): Promise<Started> {
  const emulator = createEmulator({
    clock,
    settings: options.settings ?? {},
    state: {
      tenants: [{ tenantID }],
      applications: [application],
      userAssignedIdentities: [reader, writer],
      machines: [
        { resourceID: machineID, location: "westeurope", tenantID, ...options.machine },
        { resourceID: scaleSetID, location: "westeurope", tenantID, userAssigned: [writer.resourceID] },
      ],
      nodes: [
        { name: "node-0", machineID },
        { name: "node-1", machineID: scaleSetID },
      ],
    },
  });
  t.after(() => emulator.close());
  return { emulator, addresses: await emulator.start() };
}

export interface StartedWithClock extends Started {
  readonly clock: SimulatedClock;
}

/** The same on a clock that stands at `startMs`. */
export async function startedFrozen(
  t: TestContext,
  options: Parameters<typeof started>[2] = {},
): Promise<StartedWithClock> {
  const clock = createSimulatedClock(startMs);
  return { clock, ...(await started(t, clock, options)) };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined when the body is empty. */
  readonly json: unknown;
}

/** One request on its own connection, its target sent as given. */
export async function call(
  base: string,
  target: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { method = "GET", headers = {}, body = "" } = options;
  const outgoing = request({ hostname, port, path: target, method, headers, agent: false });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  let text = "";
  incoming.setEncoding("utf8");
  for await (const chunk of incoming) text += chunk;
  const json: unknown = text === "" ? undefined : JSON.parse(text);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, json };
}

/** The token route of a node's IMDS with the usual header. */
export async function imdsToken(
  addresses: EmulatorAddresses,
  parameters: Readonly<Record<string, string>>,
  node = "node-0",
): Promise<Answer> {
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource: vault, ...parameters });
  const target = `/metadata/identity/oauth2/token?${query.toString()}`;
  return call(imdsOf(addresses, node), target, { headers: { Metadata: "true" } });
}

export const vault = "https://vault.azure.net";

export function imdsOf(addresses: EmulatorAddresses, node: string): string {
  const url = addresses.imds.get(node);
  if (url === undefined) throw new Error(`no IMDS for ${node}`);
  return url;
}

/** The client credentials grant; `form` overrides. */
export async function entraToken(
  addresses: EmulatorAddresses,
  form: Readonly<Record<string, string>> = {},
  path = `/${tenantID}/oauth2/v2.0/token`,
): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: application.clientID,
    client_secret: secret,
    scope: "https://management.azure.com//.default",
    ...form,
  }).toString();
  return call(addresses.entra, path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
  });
}

const bearerSchema = z.object({ access_token: z.string() });

export function accessTokenOf(answer: Answer): string {
  return bearerSchema.parse(answer.json).access_token;
}

const claimsSchema = z.record(z.string(), z.union([z.string(), z.int()]));

/** The claims of a JWT, unverified. */
export function claimsOf(token: string): z.infer<typeof claimsSchema> {
  const [, payload = ""] = token.split(".");
  return claimsSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
}

/** A call to ARM with a token from the emulator's Entra. */
export async function arm(
  addresses: EmulatorAddresses,
  method: "GET" | "PATCH",
  target: string,
  options: { readonly identity?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const token = accessTokenOf(await entraToken(addresses));
  return call(addresses.arm, target, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...options.headers },
    ...("identity" in options ? { body: JSON.stringify({ identity: options.identity }) } : {}),
  });
}

export const armVersion = "api-version=2026-04-01";

/** Assigns or removes identities and lets the operation end. */
export async function patchToTheEnd(
  azure: StartedWithClock,
  resourceID: string,
  identity: unknown,
): Promise<void> {
  const answer = await arm(azure.addresses, "PATCH", `${resourceID}?${armVersion}`, { identity });
  if (answer.status !== 202) throw new Error(`PATCH answered ${answer.status}: ${answer.text}`);
  azure.clock.advance(35_000);
}
