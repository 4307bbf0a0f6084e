import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { AzureError } from "../../../../src/azure/errors.ts";
import { type AzureConfig, readAzureConfig } from "../../../../src/cli/daemon/azure-config.ts";
import type { Environment } from "../../../../src/cli/environment.ts";
import { createApplicationKeys } from "../../azure/application-keys.ts";
import { nobody } from "./azure-environment.ts";

const tenantID = "22222222-2222-4222-8222-222222222222";
const stack = {
  name: "AzureStackCloud",
  resourceManagerEndpoint: "https://management.stack.example/",
  activeDirectoryEndpoint: "https://login.stack.example/",
};
const webhook = {
  tenantID,
  clientID: "wc",
  tokenFile: "/var/run/secrets/azure/tokens/azure-identity-token",
  authorityHost: "https://login.microsoftonline.com/",
};

const read = async (path: string, environment: Environment = nobody): Promise<AzureConfig> => {
  const { config } = await readAzureConfig({ path, environment });
  if (config instanceof AzureError) throw config;
  return config;
};
const refuses = async (path: string, environment: Environment, says: RegExp): Promise<AzureError> => {
  const { config } = await readAzureConfig({ path, environment });
  assert.ok(config instanceof AzureError, "it was taken");
  assert.match(config.message, says);
  assert.doesNotMatch(config.message, /canary/);
  return config;
};

describe("the controller's cloud configuration", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "podid-config-"));
  });
  after(() => rm(folder, { recursive: true }));

  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  it("is read as JSON and as YAML, with keys that podid does not know", async () => {
    const json = {
      cloud: "AzureUSGovernment",
      tenantId: tenantID,
      aadClientId: "c",
      aadClientSecret: "canary",
      vmType: "vmss",
      maximumLoadBalancerRuleCount: 250,
      userAssignedIdentityID: null,
    };
    const yaml = Object.entries({ ...json, userAssignedIdentityID: "" }).map(([k, v]) => `${k}: ${v}`);
    for (const text of [JSON.stringify(json), `# ours\n${yaml.join("\n")}\n`]) {
      const { cloud, login, clusterIdentity } = await read(await file("azure.json", text));
      assert.equal(cloud.name, "AzureUSGovernmentCloud");
      assert.deepEqual(login, { kind: "secret", tenantID, clientID: "c", clientSecret: "canary" });
      assert.equal(clusterIdentity, null);
    }
  });

  it("takes a secret of digits for what is written", async () => {
    const text = `cloud: AzureCloud\ntenantId: ${tenantID}\naadClientId: c\naadClientSecret: 0012345678901234567890\n`;
    const { login } = await read(await file("digits.yaml", text));
    assert.ok(login.kind === "secret");
    assert.equal(login.clientSecret, "0012345678901234567890");
  });

  it("comes from the environment when no file is named", async () => {
    const environment = {
      ...nobody,
      cloud: "azurechinacloud",
      tenantID,
      clientID: "c",
      clientSecret: "canary",
    };
    const { cloud, login } = await read("", environment);
    assert.equal(cloud.authorityUrl, "https://login.chinacloudapi.cn");
    assert.deepEqual(login, { kind: "secret", tenantID, clientID: "c", clientSecret: "canary" });
    const managed = await read("", {
      ...environment,
      usesManagedIdentity: true,
      userAssignedIdentityID: "u",
    });
    assert.deepEqual(managed.login, {
      kind: "managedIdentity",
      selector: { parameter: "client_id", value: "u" },
    });
    assert.equal(managed.clusterIdentity, "u");
  });

  it("reads a custom cloud from its file", async () => {
    const environment = {
      ...nobody,
      cloud: "azurestackcloud",
      usesManagedIdentity: true,
      cloudFile: await file("stack.json", JSON.stringify(stack)),
    };
    const { cloud } = await read("", environment);
    assert.equal(cloud.armUrl, "https://management.stack.example");
    const absent = join(folder, "absent.json");
    await refuses(
      "",
      { ...environment, cloudFile: absent },
      /the cloud file .*absent\.json cannot be read: ENOENT/,
    );
    await refuses("", { ...environment, cloudFile: undefined }, /set AZURE_ENVIRONMENT_FILEPATH/);
  });

  it("reads the certificate that it names", async () => {
    const { certificatePem, keyPem } = await createApplicationKeys();
    const aadClientCertPath = await file("app.pem", `${certificatePem}\n${keyPem}`);
    const config = { cloud: "AzureCloud", tenantId: tenantID, aadClientId: "c", aadClientCertPath };
    const path = await file("certificate.json", JSON.stringify(config));
    const { config: read_, files } = await readAzureConfig({ path, environment: nobody });
    assert.ok(!(read_ instanceof AzureError) && read_.login.kind === "certificate");
    assert.match(read_.login.certificate.thumbprintSha256, /^[0-9A-F]{64}$/);
    assert.deepEqual(files, [path, aadClientCertPath]);
  });

  it("takes the webhook's variables, its login host included", async () => {
    const environment = { ...nobody, cloud: "AzureCloud", workloadIdentity: webhook };
    const { cloud, login } = await read("", environment);
    assert.equal(cloud.authorityUrl, "https://login.microsoftonline.com");
    assert.deepEqual(login, {
      kind: "workloadIdentity",
      tenantID,
      clientID: "wc",
      tokenFile: webhook.tokenFile,
    });
    const own = await read("", {
      ...environment,
      workloadIdentity: { ...webhook, authorityHost: "https://login.own.example//" },
    });
    assert.equal(own.cloud.authorityUrl, "https://login.own.example");
    const unsafe = { ...webhook, authorityHost: "http://canary.example" };
    await refuses("", { ...environment, workloadIdentity: unsafe }, /AZURE_AUTHORITY_HOST/);
  });

  it("refuses a cloud that is not named or not known, and lists those that are", async () => {
    const environment = { ...nobody, usesManagedIdentity: true };
    for (const [cloud, says] of [
      [undefined, /names no cloud: use one of AzurePublicCloud, AzureCloud, AzureUSGov.*AzureStackCloud$/],
      ["AzureMoonCloud", /cloud "AzureMoonCloud" is not known: use one of AzurePublicCloud/],
    ] as const) {
      assert.equal((await refuses("", { ...environment, cloud }, says)).code, "unknown-cloud");
    }
  });

  it("says what lacks, and does not repeat a broken file, for it holds a secret", async () => {
    await refuses(
      "",
      { ...nobody, clientSecret: "canary" },
      /the environment \(TENANT_ID.*lacks tenantId, aadClientId/,
    );
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    for (const [text, says] of [
      ["{aadClientSecret: canary, [", /neither YAML nor JSON/],
      ["aadClientSecret: [canary]", /aadClientSecret is of another form/],
      ["aadClientSecret: !canary canary", /no login/],
      ["aadClientSecret: canary\naadClientSecret: canary2", /neither YAML nor JSON/],
      ["", /no login for Azure/],
      ["canary", /the whole is of another form/],
    ] as const) {
      await refuses(await file("broken.json", text), nobody, says);
    }
    await refuses(join(folder, "absent.json"), nobody, /--cloudconfig .*absent\.json cannot be read: ENOENT/);
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  it("has the same digest exactly while all files say the same", async () => {
    const path = await file("digest.json", "cloud: AzureCloud\nuseManagedIdentityExtension: true\n");
    const digest = async (): Promise<string> => (await readAzureConfig({ path, environment: nobody })).digest;
    const first = await digest();
    assert.equal(await digest(), first);
    await file("digest.json", "cloud: AzureCloud\nuseManagedIdentityExtension: false\n");
    const second = await digest();
    await rm(path);
    assert.equal(new Set([first, second, await digest()]).size, 3);
  });
});
