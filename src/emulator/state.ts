import { z } from "zod";

import { EmulatorError } from "./errors.ts";

const identityIDPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;
const machineIDPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/(?:virtualMachines|virtualMachineScaleSets)\/[^/]+$/i;

const guid = z.guid();
const identityID = z
  .string()
  .regex(
    identityIDPattern,
    "expected /subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/N",
  );
const machineID = z
  .string()
  .regex(
    machineIDPattern,
    "expected /subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/virtualMachines/N, or …/virtualMachineScaleSets/N",
  );

const applicationSchema = z.strictObject({
  clientID: guid,
  objectID: guid,
  tenantID: guid,
  secrets: z.array(z.string().min(1)),
  /** PEM; their public keys prove client assertions. */
  certificates: z.array(z.string()).optional(),
  /** Tokens of other issuers that prove the application; the issuer's key (PEM) instead of its discovery document. */
  federatedCredentials: z
    .array(
      z.strictObject({
        issuer: z.string(),
        subject: z.string(),
        audience: z.string(),
        publicKey: z.string(),
      }),
    )
    .optional(),
});
const userAssignedIdentitySchema = z.strictObject({
  resourceID: identityID,
  clientID: guid,
  objectID: guid,
  tenantID: guid,
});
const machineSchema = z.strictObject({
  resourceID: machineID,
  location: z.string().min(1),
  tenantID: guid,
  systemAssigned: z.strictObject({ clientID: guid, objectID: guid }).optional(),
  userAssigned: z.array(identityID).default([]),
});
const nodeSchema = z.strictObject({ name: z.string().min(1), machineID });

const stateSchema = z.strictObject({
  tenants: z.array(z.strictObject({ tenantID: guid })).default([]),
  applications: z.array(applicationSchema).default([]),
  userAssignedIdentities: z.array(userAssignedIdentitySchema).default([]),
  machines: z.array(machineSchema).default([]),
  nodes: z.array(nodeSchema).default([]),
});

/** An application registration with its service principal's object id. */
export type Application = z.infer<typeof applicationSchema>;
export type UserAssignedIdentity = z.infer<typeof userAssignedIdentitySchema>;
/** A virtual machine or a scale set, with the identities it has from the start. */
export type MachineDefinition = z.infer<typeof machineSchema>;
/** A virtual machine that runs pods: an own IMDS, backed by a machine or scale set. */
export type EmulatedNode = z.infer<typeof nodeSchema>;
type AzureState = z.infer<typeof stateSchema>;

/** What may be given: all lists are optional. Ids are compared without regard to letter case. */
export type AzureStateInput = z.input<typeof stateSchema>;

/** What exists in the emulated Azure, except for the changing side of machines. */
export interface Directory {
  /** Adds all of `input` or nothing. Returns what was added. @throws EmulatorError invalid-state. */
  add(input: AzureStateInput): Readonly<AzureState>;
  hasTenant(tenantID: string): boolean;
  application(tenantID: string, clientID: string): Application | undefined;
  userAssignedIdentity(resourceID: string): UserAssignedIdentity | undefined;
}

/** Azure ids differ in letter case from answer to answer (azure.md §4.1): this is what they are compared by. */
export function keyOf(id: string): string {
  return id.toLowerCase();
}

/** Makes an empty directory. */
export function createDirectory(): Directory {
  let known: AzureState = stateSchema.parse({});
  return {
    add: (input) => {
      const parsed = stateSchema.safeParse(input);
      if (!parsed.success) throw invalidState(z.prettifyError(parsed.error), parsed.error);
      const next = joined(known, parsed.data);
      const problems = [...duplicates(next), ...dangling(next)];
      if (problems.length > 0) throw invalidState(problems.join("\n"));
      known = next;
      return parsed.data;
    },
    hasTenant: (tenantID) => known.tenants.some((tenant) => same(tenant.tenantID, tenantID)),
    application: (tenantID, clientID) =>
      known.applications.find((app) => same(app.tenantID, tenantID) && same(app.clientID, clientID)),
    userAssignedIdentity: (resourceID) =>
      known.userAssignedIdentities.find((identity) => same(identity.resourceID, resourceID)),
  };
}

function same(a: string, b: string): boolean {
  return keyOf(a) === keyOf(b);
}

function joined(a: AzureState, b: AzureState): AzureState {
  return {
    tenants: [...a.tenants, ...b.tenants],
    applications: [...a.applications, ...b.applications],
    userAssignedIdentities: [...a.userAssignedIdentities, ...b.userAssignedIdentities],
    machines: [...a.machines, ...b.machines],
    nodes: [...a.nodes, ...b.nodes],
  };
}

function duplicates(state: AzureState): readonly string[] {
  const idsByPlace = {
    tenants: state.tenants.map((tenant) => tenant.tenantID),
    applications: state.applications.map((app) => app.clientID),
    userAssignedIdentities: state.userAssignedIdentities.map((identity) => identity.resourceID),
    machines: state.machines.map((machine) => machine.resourceID),
    nodes: state.nodes.map((node) => node.name),
    ...Object.fromEntries(state.machines.map((machine) => [machine.resourceID, machine.userAssigned])),
  };
  return Object.entries(idsByPlace).flatMap(([place, ids]) => twice(place, ids));
}

function dangling(state: AzureState): readonly string[] {
  const tenants = new Set(state.tenants.map((tenant) => keyOf(tenant.tenantID)));
  const identities = new Set(state.userAssignedIdentities.map((identity) => keyOf(identity.resourceID)));
  const machines = new Set(state.machines.map((machine) => keyOf(machine.resourceID)));
  const owned = [
    ...state.applications.map((app) => ({ place: `application ${app.clientID}`, tenantID: app.tenantID })),
    ...state.userAssignedIdentities.map((one) => ({ place: one.resourceID, tenantID: one.tenantID })),
    ...state.machines.map((machine) => ({ place: machine.resourceID, tenantID: machine.tenantID })),
  ];
  return [
    ...owned.flatMap(({ place, tenantID }) => missing(place, tenants, "tenants", tenantID)),
    ...state.machines.flatMap((machine) =>
      machine.userAssigned.flatMap((id) =>
        missing(machine.resourceID, identities, "userAssignedIdentities", id),
      ),
    ),
    ...state.nodes.flatMap((node) => missing(`node ${node.name}`, machines, "machines", node.machineID)),
  ];
}

function twice(place: string, ids: readonly string[]): readonly string[] {
  const again = ids.filter((id, index) => ids.findIndex((other) => same(id, other)) < index);
  return again.map((id) => `${place}: "${id}" is there twice`);
}

function missing(place: string, known: ReadonlySet<string>, kind: string, id: string): readonly string[] {
  return known.has(keyOf(id)) ? [] : [`${place}: add "${id}" to ${kind}`];
}

function invalidState(problems: string, cause?: Error): EmulatorError {
  return new EmulatorError("invalid-state", `emulator state is not valid:\n${problems}`, { cause });
}
