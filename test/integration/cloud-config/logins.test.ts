import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";

import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from "undici";
import { z } from "zod";

import { createCompute } from "../../../src/azure/compute.ts";
import type { Environment } from "../../../src/cli/environment.ts";
import { createApplicationKeys } from "../../unit/azure/application-keys.ts";
import { drive } from "../../unit/azure/world.ts";
import {
  type Azure,
  first,
  kubelet,
  logins,
  managed,
  openAccess,
  second,
  serviceAccountToken,
  startAzure,
  system,
  temporaryFolder,
  tenantID,
  vm,
} from "./world.ts";

const { signal } = new AbortController();
const unwatched = { watchFolder: () => () => undefined };

type Keys = Readonly<Record<string, unknown>>;
type Source = { readonly keys: Keys } | { readonly environment: Partial<Environment> };

/** Puts `reader` on the machine, as a controller that was configured so, through the real SDKs. */
async function assign(t: TestContext, azure: Azure, source: Source): Promise<readonly string[]> {
  const { clock, endpoints } = azure;
  const path = "keys" in source ? join(await temporaryFolder(t), "azure.json") : "";
  if ("keys" in source) await writeFile(path, JSON.stringify(source.keys));
  const environment = "keys" in source ? {} : source.environment;
  const { access } = await openAccess(t, azure, { path, environment, ...unwatched });
  const { cloud, credential } = access;
  await access.close(); // its looks would drive the clock past the requests' deadlines
  const compute = createCompute({ clock, cloud, credential, endpoints });
  const change = { add: [managed("reader")], remove: [] };
  const result = await drive(clock, compute.changeIdentities(vm, change, signal));
  assert.ok(result.ok, result.ok ? "" : result.failure.detail);
  return result.identities;
}

describe("a controller that logs in", () => {
  const publicCloud = { cloud: "AzurePublicCloud" };
  const rows: readonly { readonly name: string; readonly source: Source; readonly as: string }[] = [
    {
      name: "with the file of AKS",
      source: {
        keys: {
          ...publicCloud,
          tenantId: tenantID,
          aadClientId: "msi",
          aadClientSecret: "msi",
          useManagedIdentityExtension: true,
          userAssignedIdentityID: kubelet.clientID,
        },
      },
      as: kubelet.clientID,
    },
    {
      name: "with a managed identity by resource id",
      source: {
        keys: {
          ...publicCloud,
          useManagedIdentityExtension: true,
          userAssignedIdentityID: kubelet.resourceID.toLowerCase(),
        },
      },
      as: kubelet.clientID,
    },
    {
      name: "with the system-assigned identity, by the environment",
      source: { environment: { cloud: "AzureCloud", usesManagedIdentity: true } },
      as: system.clientID,
    },
    {
      name: "with a secret",
      source: {
        keys: {
          ...publicCloud,
          tenantId: tenantID,
          aadClientId: first.clientID,
          aadClientSecret: first.secret,
        },
      },
      as: first.clientID,
    },
    {
      name: "with a secret, by the environment",
      source: {
        environment: { ...publicCloud, tenantID, clientID: second.clientID, clientSecret: second.secret },
      },
      as: second.clientID,
    },
  ];
  for (const { name, source, as } of rows) {
    it(`${name} assigns identities`, async (t) => {
      const azure = await startAzure(t);
      const identities = await assign(t, azure, source);
      const wanted = [kubelet.resourceID, managed("reader")].map((id) => id.toLowerCase());
      assert.deepEqual(new Set(identities.map((id) => id.toLowerCase())), new Set(wanted));
      assert.deepEqual(logins(azure), [as]);
    });
  }

  it("with a certificate assigns identities", async (t) => {
    const { keyPem, certificatePem } = await createApplicationKeys();
    const azure = await startAzure(t, { certificates: [certificatePem] });
    const aadClientCertPath = join(await temporaryFolder(t), "app.pem");
    await writeFile(aadClientCertPath, `${keyPem}\n${certificatePem}`);
    const keys = { ...publicCloud, tenantId: tenantID, aadClientId: second.clientID, aadClientCertPath };
    assert.equal((await assign(t, azure, { keys })).length, 2);
    assert.deepEqual(logins(azure), [second.clientID]);
  });

  it("with workload identity assigns identities", async (t) => {
    const azure = await startAzure(t);
    const tokenFile = join(await temporaryFolder(t), "azure-identity-token");
    await writeFile(tokenFile, serviceAccountToken());
    const authorityHost = "https://login.microsoftonline.com/";
    const workloadIdentity = { tenantID, clientID: first.clientID, tokenFile, authorityHost };
    assert.equal((await assign(t, azure, { environment: { ...publicCloud, workloadIdentity } })).length, 2);
    assert.deepEqual(logins(azure), [first.clientID]);
  });
});

/** aad-pod-identity.md §5.7. */
const clouds = [
  { cloud: "AzureCloud", login: "https://login.microsoftonline.com", arm: "https://management.azure.com" },
  {
    cloud: "AZUREUSGOVERNMENT",
    login: "https://login.microsoftonline.us",
    arm: "https://management.usgovcloudapi.net",
  },
  {
    cloud: "azurechinacloud",
    login: "https://login.chinacloudapi.cn",
    arm: "https://management.chinacloudapi.cn",
  },
  {
    cloud: "AzureGermanCloud",
    login: "https://login.microsoftonline.de",
    arm: "https://management.microsoftazure.de",
  },
  { cloud: "AzureStackCloud", login: "https://login.stack.example", arm: "https://management.stack.example" },
];

const keysOf = (cloud: string): Keys => ({
  cloud,
  tenantId: tenantID,
  aadClientId: first.clientID,
  aadClientSecret: first.secret,
});
const stackFile = async (t: TestContext): Promise<string> => {
  const path = join(await temporaryFolder(t), "stack.json");
  const [resourceManagerEndpoint, activeDirectoryEndpoint] = [
    "https://management.stack.example/",
    "https://login.stack.example/",
  ];
  await writeFile(path, JSON.stringify({ resourceManagerEndpoint, activeDirectoryEndpoint }));
  return path;
};
const environmentOf = async (t: TestContext, cloud: string): Promise<Partial<Environment>> => ({
  cloud,
  tenantID,
  clientID: first.clientID,
  clientSecret: first.secret,
  ...(cloud === "AzureStackCloud" ? { cloudFile: await stackFile(t) } : {}),
});

describe("a cloud", () => {
  for (const { cloud, arm } of clouds) {
    it(`${cloud} takes only tokens for its own ARM, and gets them`, async (t) => {
      const azure = await startAzure(t, { armOrigin: arm });
      await assign(t, azure, { environment: await environmentOf(t, cloud) });
      const [login] = azure.emulator.journal.list();
      assert.equal(login?.audience, `${arm}/`);
    });
  }

  it("that is another's does not take the token", async (t) => {
    const azure = await startAzure(t, { armOrigin: "https://management.chinacloudapi.cn" });
    await assert.rejects(assign(t, azure, { keys: keysOf("AzureUSGovernmentCloud") }), /wrong audience/);
  });

  describe("without an emulator", () => {
    const dispatcher = getGlobalDispatcher();
    const network = new MockAgent();
    before(() => {
      network.disableNetConnect();
      setGlobalDispatcher(network);
    });
    after(async () => {
      setGlobalDispatcher(dispatcher);
      await network.close();
    });

    for (const { cloud, login, arm } of clouds) {
      it(`${cloud} is logged in to at ${login}`, async (t) => {
        const forms: string[] = [];
        network
          .get(login)
          .intercept({ path: (path) => path.startsWith(`/${tenantID}/oauth2/v2.0/token`), method: "POST" })
          .reply(200, ({ body }) => {
            forms.push(z.string().parse(body));
            return { token_type: "Bearer", expires_in: 3599, access_token: "eyJ" };
          });
        const azure = { ...(await startAzure(t)), endpoints: {} };
        const environment = await environmentOf(t, cloud);
        const { access } = await openAccess(t, azure, { environment, ...unwatched });
        const { token } = await access.credential.getToken(access.cloud.armScope);
        assert.equal(token, "eyJ");
        assert.equal(new URLSearchParams(forms[0]).get("scope")?.split(" ")[0], `${arm}//.default`);
        assert.equal(access.cloud.armUrl, arm);
      });
    }
  });
});
