import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { createCompute } from "../../../src/azure/compute.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { createApplicationKeys } from "../../unit/azure/application-keys.ts";
import { json, serveScript } from "../../unit/azure/loopback.ts";
import { renameOver, type Replacement, replacements } from "./replacements.ts";
import {
  type Azure,
  fileOf,
  first,
  kubelet,
  logins,
  look,
  openAccess,
  type Opened,
  pass,
  second,
  serviceAccountToken,
  startAzure,
  temporaryFolder,
  tenantID,
  vm,
} from "./world.ts";

const scope = "https://management.azure.com//.default";
const unwatched = { watchFolder: () => () => undefined };
const { signal } = new AbortController();

async function start(
  t: TestContext,
  put: Replacement["put"],
  options: Parameters<typeof openAccess>[2] = unwatched,
): Promise<{ readonly azure: Azure; readonly path: string } & Opened> {
  const azure = await startAzure(t);
  const folder = join(await temporaryFolder(t), "kubernetes");
  await mkdir(folder);
  const path = join(folder, "azure.json");
  await put(path, fileOf(first));
  const opened = await openAccess(t, azure, { path, ...options });
  await opened.access.credential.getToken(scope);
  return { azure, path, ...opened };
}

describe("an azure.json", () => {
  for (const { name, put, replace } of replacements) {
    it(`${name} is followed without any watch`, async (t) => {
      const { azure, path, access, lines } = await start(t, put);
      await replace(path, fileOf(second));
      await look(azure.clock);
      await access.credential.getToken(scope);
      assert.deepEqual(logins(azure), [first.clientID, second.clientID]);
      assert.equal(access.lastFault(), null);
      assert.deepEqual(
        lines.map(({ msg }) => msg),
        ["access to Azure is configured", "a new cloud configuration serves"],
      );
    });
  }

  for (const { name, put, replace } of replacements.filter((one) => !one.name.includes("folder"))) {
    it(`${name} is seen at once where its folder tells`, async (t) => {
      const { azure, path, access } = await start(t, put, {});
      await replace(path, fileOf(second));
      // Time stands still: what makes it look again in a second is the folder alone.
      await waitFor(() => (azure.clock.nextTimerInMs() ?? Infinity) <= 1000, "a look");
      await waitFor(async () => {
        await pass(azure.clock, 1000);
        await access.credential.getToken(scope);
        return logins(azure).at(-1) === second.clientID;
      }, "the second application's token");
    });
  }

  it("that did not change costs no login", async (t) => {
    const { azure, path, access } = await start(t, writeFile);
    await renameOver(path, fileOf(first));
    await look(azure.clock);
    await access.credential.getToken(scope);
    assert.deepEqual(logins(azure), [first.clientID]);
  });
});

describe("an azure.json that turns bad", () => {
  const bad: readonly { readonly name: string; readonly text: string | null; readonly says: RegExp }[] = [
    { name: "is gone", text: null, says: /cannot be read: ENOENT/ },
    { name: "is empty", text: "", says: /no login/ },
    { name: "is torn", text: fileOf(second).slice(0, -40), says: /neither YAML nor JSON/ },
    {
      name: "lacks its cloud",
      text: fileOf(second).replace("AzurePublicCloud", ""),
      says: /names no cloud: use/,
    },
    {
      name: "names no cloud that is known",
      text: fileOf(second).replace("Public", "Moon"),
      says: /AzureMoonCloud/,
    },
    {
      name: "moves to another cloud",
      text: fileOf(second).replace("AzurePublicCloud", "AzureChinaCloud"),
      says: /the cloud changes from AzurePublicCloud .*: restart the controller/,
    },
    {
      name: "has a tenant that cannot be one",
      text: fileOf(second).replace(tenantID, "a/b"),
      says: /tenantID/,
    },
    {
      name: "names a certificate that is not there",
      text: fileOf(second).replace(
        `"aadClientSecret":"${second.secret}"`,
        '"aadClientCertPath":"/absent.pem"',
      ),
      says: /the certificate file \/absent\.pem cannot be read/,
    },
  ];
  for (const { name, text, says } of bad) {
    it(`because it ${name} leaves the last good one in force, in whole, and says so once`, async (t) => {
      const { azure, path, access, metrics, lines } = await start(t, writeFile);
      const changed = text?.replace(kubelet.clientID, "another") ?? null;
      await (changed === null ? rm(path) : writeFile(path, changed));
      await look(azure.clock);
      await look(azure.clock);
      assert.match(access.lastFault() ?? "", says);
      assert.deepEqual(access.clusterIdentities(), [kubelet.clientID]);
      await access.credential.getToken("https://vault.azure.net/.default");
      assert.deepEqual(logins(azure), [first.clientID, first.clientID]);
      const refusals = lines.filter(({ level }) => level === "error");
      assert.deepEqual(
        refusals.map(({ msg, file, reason }) => [msg, file, reason]),
        [["cloud configuration refused; the last good one goes on serving", path, access.lastFault()]],
      );
      const { text: exposition } = await metrics.render();
      assert.match(exposition, /^podid_cloud_config_stale 1$/m);
      assert.match(exposition, /^podid_cloud_config_loads_total\{result="refused"\} 1$/m);
    });
  }

  it("is taken as soon as it is good again, and nothing of all this shows a secret or who the cluster is", async (t) => {
    const { azure, path, access, metrics, lines } = await start(t, writeFile);
    await writeFile(path, `${fileOf(first)} canary`);
    await look(azure.clock);
    assert.notEqual(access.lastFault(), null);
    await writeFile(path, fileOf(second));
    await look(azure.clock);
    assert.equal(access.lastFault(), null);
    await access.credential.getToken(scope);
    assert.deepEqual(logins(azure), [first.clientID, second.clientID]);
    assert.match((await metrics.render()).text, /^podid_cloud_config_stale 0$/m);
    const said = JSON.stringify(lines);
    for (const hidden of ["canary", kubelet.clientID, first.clientID, second.clientID, tenantID]) {
      assert.ok(!said.includes(hidden), hidden);
    }
  });
});

describe("the cluster's own identity", () => {
  it("stays known when another is configured, for it may still be on machines", async (t) => {
    const { azure, path, access } = await start(t, writeFile);
    for (const replacement of ["another", "another", ""]) {
      await writeFile(path, fileOf(second).replace(kubelet.clientID, replacement));
      await look(azure.clock);
    }
    assert.equal(access.lastFault(), null);
    assert.deepEqual(access.clusterIdentities(), [kubelet.clientID, "another"]);
  });
});

describe("files that azure.json leads to", () => {
  it("a new certificate counts at once, though the old one was just refused", async (t) => {
    const [old, next] = [await createApplicationKeys(), await createApplicationKeys()];
    const azure = await startAzure(t, { certificates: [next.certificatePem] });
    const folder = await temporaryFolder(t);
    const [path, pem] = [join(folder, "azure.json"), join(folder, "app.pem")];
    const config = { cloud: "AzureCloud", tenantId: tenantID, aadClientId: second.clientID };
    await writeFile(path, JSON.stringify({ ...config, aadClientCertPath: pem }));
    await writeFile(pem, `${old.keyPem}\n${old.certificatePem}`);
    const { access } = await openAccess(t, azure, { path, ...unwatched });
    await assert.rejects(access.credential.getToken(scope), /AADSTS700027/);
    // Half of it is no certificate with its key: the old one stays.
    await writeFile(pem, next.keyPem);
    await look(azure.clock);
    assert.match(access.lastFault() ?? "", /holds no certificate of its private key/);
    await renameOver(pem, `${next.keyPem}\n${next.certificatePem}`);
    await look(azure.clock);
    await access.credential.getToken(scope);
    assert.deepEqual([logins(azure), access.lastFault()], [[second.clientID], null]);
  });

  it("a service account's token is read anew, however it was replaced, without a look", async (t) => {
    const azure = await startAzure(t);
    const folder = await temporaryFolder(t);
    const tokenFile = join(folder, "azure-identity-token");
    const workloadIdentity = { tenantID, clientID: first.clientID, tokenFile, authorityHost: undefined };
    const environment = { cloud: "AzurePublicCloud", workloadIdentity };
    const { access } = await openAccess(t, azure, { environment, ...unwatched });
    await assert.rejects(access.credential.getToken(scope), /the federated token cannot be read: ENOENT/);
    await mkdir(join(folder, "..1"));
    await writeFile(join(folder, "..1", "azure-identity-token"), "not a token");
    await symlink("..1", join(folder, "..data"));
    await symlink(join("..data", "azure-identity-token"), tokenFile);
    await assert.rejects(access.credential.getToken(scope), /holds no service account token/);
    await mkdir(join(folder, "..2"));
    await writeFile(join(folder, "..2", "azure-identity-token"), serviceAccountToken());
    await symlink("..2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    await access.credential.getToken(scope);
    assert.deepEqual(logins(azure), [first.clientID]);
  });
});

describe("what ARM asked of podid", () => {
  it("is remembered over a reload: no request before Retry-After, and then one by the new login", async (t) => {
    let answer = json(
      429,
      { error: { code: "TooManyRequests", message: "slow down" } },
      { "retry-after": "600" },
    );
    const arm = await serveScript(t, () => answer);
    const { azure, path, access } = await start(t, writeFile);
    const compute = createCompute({
      clock: azure.clock,
      cloud: access.cloud,
      credential: access.credential,
      endpoints: { armUrl: arm.url },
    });
    await compute.getIdentities(vm, signal);
    answer = json(200, { location: "westeurope", identity: { type: "None" } });
    await writeFile(path, fileOf(second));
    await look(azure.clock);
    const paused = await compute.getIdentities(vm, signal);
    assert.ok(!paused.ok && paused.failure.kind === "throttled");
    assert.equal(paused.failure.retryAfterSeconds, 594);
    assert.equal(arm.requests.length, 1);
    await pass(azure.clock, 594_000);
    assert.deepEqual(await compute.getIdentities(vm, signal), { ok: true, identities: [] });
    assert.deepEqual(logins(azure), [first.clientID, second.clientID]);
  });
});
