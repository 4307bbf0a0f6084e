import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import {
  type AzureAccess,
  cloudNamed,
  openAzureAccess,
  readEndpoints,
} from "../../../../src/cli/daemon/azure-access.ts";
import type { Environment } from "../../../../src/cli/environment.ts";
import { CommandError } from "../../../../src/cli/errors.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { nobody } from "./azure-environment.ts";

function open(path: string, environment: Environment): Promise<AzureAccess> {
  const parts = { clock: createSimulatedClock(0), log: createSilentLog(), metrics: createMetrics() };
  return openAzureAccess({ ...parts, path, environment, endpoints: {} });
}

async function refusal(work: Promise<unknown>): Promise<CommandError> {
  const [settled] = await Promise.allSettled([work]);
  assert.ok(settled?.status === "rejected" && settled.reason instanceof CommandError);
  return settled.reason;
}

describe("the controller's access to Azure", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "podid-access-"));
  });
  after(() => rm(folder, { recursive: true }));

  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  it("tells the cluster's own identity, whatever the login is", async () => {
    const config = {
      cloud: "AzureCloud",
      tenantId: "t",
      aadClientId: "c",
      aadClientSecret: "s",
      userAssignedIdentityID: "kubelet",
    };
    const access = await open(await file("azure.json", JSON.stringify(config)), nobody);
    assert.deepEqual(access.clusterIdentities(), ["kubelet"]);
    assert.equal(access.lastFault(), null);
    await access.close();
  });

  it("does not open without a login, a cloud or a tenant that can be one, and says which", async () => {
    for (const [environment, exitCode, says] of [
      [nobody, 3, /no login for Azure/],
      [{ ...nobody, usesManagedIdentity: true }, 2, /names no cloud: use one of/],
      [{ ...nobody, usesManagedIdentity: true, cloud: "Moon" }, 2, /"Moon" is not known/],
      [{ ...nobody, cloud: "AzureCloud", tenantID: "../x", clientID: "c", clientSecret: "s" }, 3, /tenantID/],
    ] as const) {
      const error = await refusal(open("", environment));
      assert.equal(error.exitCode, exitCode);
      assert.match(error.message, says);
    }
  });
});

describe("NMI's cloud", () => {
  it("is the public one unless told otherwise, by any name", async () => {
    assert.equal((await cloudNamed("", nobody)).name, "AzurePublicCloud");
    assert.equal((await cloudNamed("azureusgovernment", nobody)).name, "AzureUSGovernmentCloud");
    const error = await refusal(cloudNamed("AzureMoonCloud", nobody));
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /AzureChinaCloud/);
    assert.equal((await refusal(cloudNamed("AzureStackCloud", nobody))).exitCode, 3);
  });
});

describe("an emulated Azure", () => {
  it("is gone to only by a file of exactly that form", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "podid-endpoints-"));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, "endpoints.json");
    assert.deepEqual(await readEndpoints(""), {});
    const armUrl = "http://127.0.0.1:1";
    await writeFile(path, JSON.stringify({ armUrl }));
    assert.deepEqual(await readEndpoints(path), { armUrl });
    await writeFile(path, JSON.stringify({ armURL: armUrl }));
    assert.equal((await refusal(readEndpoints(path))).exitCode, 2);
  });
});
