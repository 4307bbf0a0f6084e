import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import {
  cloudNamed,
  readAzureAccess,
  readEndpoints,
  type AzureAccess,
} from "../../../../src/cli/daemon/azure-access.ts";
import type { Environment } from "../../../../src/cli/environment.ts";
import { CommandError } from "../../../../src/cli/errors.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";

const tenantID = "22222222-2222-4222-8222-222222222222";
const clock = createSimulatedClock(0);
const nobody: Environment = {
  kubernetesHost: undefined,
  kubernetesPort: undefined,
  nodeName: undefined,
  podName: undefined,
  podNamespace: undefined,
  kubeconfig: undefined,
  isNamespaced: false,
  cloud: undefined,
  tenantID: undefined,
  clientID: undefined,
  clientSecret: undefined,
};

function read(path: string, environment = nobody): Promise<AzureAccess> {
  return readAzureAccess({ clock, path, environment, endpoints: {} });
}

async function refusal(work: Promise<unknown>): Promise<CommandError> {
  const [settled] = await Promise.allSettled([work]);
  assert.ok(settled?.status === "rejected" && settled.reason instanceof CommandError);
  return settled.reason;
}

describe("the controller's own access to Azure", () => {
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
  it("comes from an azure.json as AKS writes it, keys that are not read included", async () => {
    const config = {
      cloud: "AzureUSGovernmentCloud",
      tenantId: tenantID,
      aadClientId: "c",
      aadClientSecret: "s",
      vmType: "vmss",
      useInstanceMetadata: true,
    };
    const { cloud } = await read(await file("azure.json", JSON.stringify(config)));
    assert.equal(cloud.name, "AzureUSGovernmentCloud");
  });

  it("comes from the environment when no file is named, in the public cloud unless told otherwise", async () => {
    const { cloud } = await read("", { ...nobody, tenantID, clientID: "c", clientSecret: "s" });
    assert.equal(cloud.name, "AzurePublicCloud");
  });

  it("names what is missing", async () => {
    const error = await refusal(read("", { ...nobody, tenantID }));
    assert.equal(error.exitCode, 3);
    assert.match(error.message, /CLIENT_SECRET\) lacks aadClientId, aadClientSecret$/);
  });

  it("does not repeat a broken file, for it holds a secret", async () => {
    for (const text of ["{aadClientSecret: hunter2, [", "aadClientSecret: [hunter2]"]) {
      const { exitCode, message } = await refusal(read(await file("broken.json", text)));
      assert.equal(exitCode, 3);
      assert.doesNotMatch(message, /hunter2/);
    }
    assert.match((await refusal(read(join(folder, "absent.json")))).message, /cannot be read: ENOENT/);
  });

  it("refuses a cloud that it does not know, naming those it does", () => {
    assert.throws(
      () => cloudNamed("AzureMoonCloud"),
      (error) => error instanceof CommandError && /AzureChinaCloud/.test(error.message),
    );
  });

  it("goes to an emulator only by a file of exactly that form", async () => {
    assert.deepEqual(await readEndpoints(""), {});
    const armUrl = "http://127.0.0.1:1";
    assert.deepEqual(await readEndpoints(await file("some.json", JSON.stringify({ armUrl }))), { armUrl });
    const misspelt = await file("misspelt.json", JSON.stringify({ armURL: armUrl }));
    assert.equal((await refusal(readEndpoints(misspelt))).exitCode, 2);
  });
});
