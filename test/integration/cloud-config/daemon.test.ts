import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { emulatedAzureFor } from "../../../src/cli/azure-state.ts";
import { runController } from "../../../src/cli/daemon/controller.ts";
import { shippedFiles } from "../../../src/cli/paths.ts";
import { createEmulator } from "../../../src/emulator/emulator.ts";
import { loadCrdSchemas } from "../../../src/kubernetes/manifest-schema.ts";
import { createManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { findFreePort } from "../../control-plane/ports.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { system, temporaryFolder } from "./world.ts";

const managedIdentity = "cloud: AzurePublicCloud\naadClientId: msi\naadClientSecret: msi\n";

describe("podid controller", () => {
  it("logs in as its machine, changes machines, and tells of a configuration that turned bad while it goes on", async (t) => {
    const clock = createSystemClock();
    const folder = await temporaryFolder(t);
    const source = await createManifestSource({
      directory: shippedFiles.demoManifests,
      crds: await loadCrdSchemas(shippedFiles.crds),
      clock,
      log: createSilentLog(),
      watch: false,
    });
    const emulator = createEmulator({ clock, state: await emulatedAzureFor(source) });
    await source.close();
    const [tenant] = (await emulatedAzureFor(source)).tenants ?? [];
    const controllerVm =
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/controllers";
    const { tenantID } = tenant ?? assert.fail();
    await emulator.add({
      machines: [
        {
          resourceID: controllerVm,
          location: "westeurope",
          tenantID,
          systemAssigned: { ...system, objectID: system.clientID },
        },
      ],
      nodes: [{ name: "controllers", machineID: controllerVm }],
    });
    t.after(() => emulator.close());
    const { entra, arm, imds } = await emulator.start();
    const endpoints = join(folder, "endpoints.json");
    const urls = { authorityUrl: entra, armUrl: arm, imdsUrl: imds.get("controllers") };
    await writeFile(endpoints, JSON.stringify(urls));
    const file = join(folder, "azure.json");
    await writeFile(file, managedIdentity);

    const port = await findFreePort();
    const stopping = new AbortController();
    const running = runController({
      args: [
        "--log-level=error",
        "--probe-address=127.0.0.1",
        `--manifests=${shippedFiles.demoManifests}`,
        `--http-probe-port=${port}`,
        `--prometheus-port=${port}`,
        `--cloudconfig=${file}`,
        `--azure-endpoints=${endpoints}`,
      ],
      print: () => undefined,
      signal: stopping.signal,
    });
    const ask = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
      return `${answer.status} ${await answer.text()}`;
    };
    const put = async (text: string): Promise<void> => {
      await writeFile(`${file}.next`, text);
      await rename(`${file}.next`, file);
    };
    const changed = (): boolean =>
      emulator.journal.list().some(({ method, status }) => method === "PATCH" && status < 300);
    await Promise.race([running, waitFor(changed, "an accepted PATCH")]);
    const login = emulator.journal.list().find(({ listener }) => listener === "imds:controllers");
    assert.deepEqual([login?.clientID, login?.audience], [system.clientID, "https://management.azure.com/"]);

    await put(managedIdentity.replace("Public", "Moon"));
    await waitFor(async () => /AzureMoonCloud/.test(await ask("/readyz")), "the note");
    assert.match(await ask("/readyz"), /^200 .*"ready":true.*"notes":\["cloud/);
    assert.match(await ask("/metrics"), /^podid_cloud_config_stale 1$/m);
    await put(`${managedIdentity}# again\n`);
    await waitFor(async () => /"notes":\[\]/.test(await ask("/readyz")), "no note");
    stopping.abort();
    await running;
  });
});
