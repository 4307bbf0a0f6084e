import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import type { ComputeResult } from "../../../src/azure/compute-result.ts";
import { createSecretCredential, type Credential } from "../../../src/azure/credential.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import { appClientID, appSecret, startWorld, tenantID, type World } from "./world.ts";

const cloud = findCloud("");

/** Starts an emulated Azure, and podid's access to its machines. */
export async function startAccess(
  t: TestContext,
  settings: Partial<EmulatorSettings> = {},
): Promise<{ readonly world: World; readonly compute: Compute }> {
  const world = await startWorld(t, settings);
  return { world, compute: accessTo(world) };
}

/** Another such access, with nothing remembered; it logs in by what `loginBy` makes of its credential. */
export function accessTo(
  { clock, authorityUrl, armUrl }: World,
  loginBy: (own: Credential) => Credential = (own) => own,
): Compute {
  const endpoints = { authorityUrl, armUrl };
  const app = { tenantID, clientID: appClientID, clientSecret: appSecret };
  const credential = loginBy(createSecretCredential({ clock, cloud, endpoints, ...app }));
  return createCompute({ clock, cloud, credential, endpoints });
}

/** The names of the identities on the machine, sorted. */
export function namesOf(result: ComputeResult): readonly string[] {
  assert.ok(result.ok, JSON.stringify(result));
  return result.identities.map((id) => id.split("/").at(-1) ?? "").toSorted();
}
