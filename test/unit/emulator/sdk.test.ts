import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

import { ConfidentialClientApplication, ServerError } from "@azure/msal-node";
import { z } from "zod";

import type { EmulatorAddresses } from "../../../src/emulator/network.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { computeClient } from "./compute-client.ts";
import {
  application,
  call,
  claimsOf,
  imdsOf,
  machineID,
  reader,
  secret,
  started,
  systemAssigned,
  tenantID,
  vault,
  writer,
} from "./fixture.ts";

// The emulator and podid's own clients come from one team: these are the other witnesses (azure.md §7.8).

const managedIdentityScript = `
  import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
  const [clientId, objectId, resourceId, scope] = process.argv.slice(1);
  const read = async (name, credential) => {
    try {
      return [name, await credential.getToken(scope)];
    } catch (error) {
      return [name, { error: String(error.message) }];
    }
  };
  const answers = [
    await read("client", new ManagedIdentityCredential({ clientId })),
    await read("object", new ManagedIdentityCredential({ objectId })),
    await read("resource", new ManagedIdentityCredential({ resourceId })),
    await read("chain", new DefaultAzureCredential({ managedIdentityClientId: clientId })),
    await read("default", new ManagedIdentityCredential()),
    await read("stranger", new ManagedIdentityCredential({ clientId: "99999999-9999-4999-8999-999999999999" })),
  ];
  console.log(JSON.stringify(Object.fromEntries(answers)));
`;

const tokenSchema = z.object({ token: z.string(), expiresOnTimestamp: z.int() });
const failureSchema = z.object({ error: z.string() });
const managedIdentityAnswers = z.object({
  client: tokenSchema,
  object: tokenSchema,
  resource: tokenSchema,
  chain: tokenSchema,
  default: failureSchema,
  stranger: failureSchema,
});

describe("@azure/identity against IMDS", () => {
  // In a process of its own: the SDK reads its environment and caches tokens per process (azure.md §3.3).
  it("gets tokens by every selector, and the errors of Azure", async (t) => {
    const machine = { userAssigned: [reader.resourceID, writer.resourceID] };
    const { addresses } = await started(t, createSystemClock(), { machine });
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        managedIdentityScript,
        reader.clientID,
        writer.objectID,
        reader.resourceID,
        `${vault}/.default`,
      ],
      { env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: imdsOf(addresses, "node-0") }, timeout: 60_000 },
    );
    const answers = managedIdentityAnswers.parse(JSON.parse(stdout));
    const clients = [answers.client, answers.object, answers.resource, answers.chain].map(
      (answer) => claimsOf(answer.token)["appid"],
    );
    assert.deepEqual(clients, [reader.clientID, writer.clientID, reader.clientID, reader.clientID]);
    // The SDK computes it from expires_in on its own clock, so that a second may turn in between.
    const expiryMs = Number(claimsOf(answers.client.token)["exp"]) * 1000;
    assert.ok(Math.abs(answers.client.expiresOnTimestamp - expiryMs) <= 1000);
    assert.match(answers.default.error, /Multiple user assigned identities exist/);
    assert.match(answers.stranger.error, /Identity not found/);
  });
});

async function msalClient(
  addresses: EmulatorAddresses,
  clientSecret: string,
): Promise<ConfidentialClientApplication> {
  const configuration = await call(addresses.entra, `/${tenantID}/v2.0/.well-known/openid-configuration`);
  return new ConfidentialClientApplication({
    auth: {
      clientId: application.clientID,
      clientSecret,
      // msal-node refuses an http authority; with metadata at hand it asks nobody (azure.md §3.3).
      authority: `https://login.emulator.test/${tenantID}`,
      knownAuthorities: ["login.emulator.test"],
      authorityMetadata: configuration.text,
    },
  });
}

describe("@azure/msal-node against Entra", () => {
  it("gets a token for a secret, its audience to the byte", async (t) => {
    const { addresses } = await started(t, createSystemClock());
    const msal = await msalClient(addresses, secret);
    const result = await msal.acquireTokenByClientCredential({ scopes: [`${vault}//.default`] });
    assert.ok(result?.expiresOn);
    const claims = claimsOf(result.accessToken);
    assert.deepEqual([claims["aud"], claims["appid"]], [`${vault}/`, application.clientID]);
    assert.ok(Math.abs(result.expiresOn.getTime() / 1000 - Number(claims["exp"])) <= 2);
  });

  it("reports a wrong secret as Entra's error", async (t) => {
    const { addresses } = await started(t, createSystemClock());
    const msal = await msalClient(addresses, "wrong");
    await assert.rejects(msal.acquireTokenByClientCredential({ scopes: [`${vault}/.default`] }), (error) => {
      assert.ok(error instanceof ServerError);
      assert.deepEqual(
        [error.errorCode, error.status, Number(error.errorNo)],
        ["invalid_client", 401, 7000215],
      );
      return true;
    });
  });
});

const settings = { operationDurationMs: 300, retryAfterSeconds: 1 };

describe("@azure/arm-compute against ARM", () => {
  it("reads a machine, adds an identity and removes it, each to the end of the operation", async (t) => {
    const machine = { systemAssigned, userAssigned: [writer.resourceID] };
    const { emulator, addresses } = await started(t, createSystemClock(), { settings, machine });
    const { virtualMachines } = computeClient(addresses);
    const read = await virtualMachines.get("MC_shop", "vm-0");
    assert.equal(read.identity?.type, "SystemAssigned, UserAssigned");
    assert.equal(read.identity.principalId, systemAssigned.objectID);
    assert.equal(read.etag, '"1"');

    const type = "SystemAssigned, UserAssigned";
    const added = await virtualMachines.update(
      "MC_shop",
      "vm-0",
      { identity: { type, userAssignedIdentities: { [reader.resourceID]: {} } } },
      { ifMatch: '"1"' },
    );
    const ids = Object.keys(added.identity?.userAssignedIdentities ?? {}).map((id) => id.toLowerCase());
    assert.deepEqual(ids, [writer.resourceID.toLowerCase(), reader.resourceID.toLowerCase()]);
    assert.equal(added.provisioningState, "Succeeded");

    // The SDK's type has no null, its serializer has (azure.md §4.3).
    const removal: Record<string, object> = JSON.parse(JSON.stringify({ [reader.resourceID]: null }));
    await virtualMachines.update("MC_shop", "vm-0", { identity: { type, userAssignedIdentities: removal } });
    assert.deepEqual(emulator.identitiesOf(machineID), {
      systemAssigned: true,
      userAssigned: [writer.resourceID],
    });

    const patches = emulator.journal.list().filter((entry) => entry.method === "PATCH");
    assert.deepEqual(
      patches.map(({ status, added: plus, removed: minus }) => ({ status, plus, minus })),
      [
        { status: 202, plus: [reader.resourceID], minus: [] },
        { status: 202, plus: [], minus: [reader.resourceID] },
      ],
    );
  });

  it("updates a scale set", async (t) => {
    const { addresses } = await started(t, createSystemClock(), { settings });
    const { virtualMachineScaleSets } = computeClient(addresses);
    const updated = await virtualMachineScaleSets.update("MC_shop", "pool", { identity: { type: "None" } });
    assert.equal(updated.identity, undefined);
    assert.equal((await virtualMachineScaleSets.get("MC_shop", "pool")).etag, '"2"');
  });

  const type = "UserAssigned";
  const refusals = [
    {
      name: "an unknown identity",
      identity: { type, userAssignedIdentities: { [`${reader.resourceID}x`]: {} } },
      error: { code: "FailedIdentityOperation", statusCode: 400 },
    },
    {
      name: "a lost etag race",
      identity: { type, userAssignedIdentities: { [reader.resourceID]: {} } },
      ifMatch: '"7"',
      error: { code: "PreconditionFailed", statusCode: 412 },
    },
  ] as const;
  for (const { name, identity, error, ...options } of refusals) {
    it(`reports ${name} with code and status`, async (t) => {
      const { addresses } = await started(t, createSystemClock(), { settings });
      const { virtualMachines } = computeClient(addresses);
      await assert.rejects(virtualMachines.update("MC_shop", "vm-0", { identity }, options).submitted(), {
        name: "RestError",
        ...error,
      });
    });
  }
});
