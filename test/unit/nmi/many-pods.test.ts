import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { stopCleanly } from "./bound-pod.ts";
import { startDaemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";

/** What a kubelet allows by default. */
const podsOnNode = 110;
const identities = Array.from({ length: 8 }, (_, i) => identity(`id-${i}`));
const nameOf = (i: number): string => identities[i % identities.length]?.name ?? assert.fail();

describe("a node full of pods that ask at once", () => {
  it("calls Azure once for each identity and resource, and gives every pod its own identity's token", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const { resources, azure } = daemon;
    for (const one of identities) {
      resources.put("AzureIdentity", one);
      resources.put(
        "AzureIdentityBinding",
        binding(one.name, { azureIdentity: one.name, selector: one.name }),
      );
    }
    const addresses = Array.from({ length: podsOnNode }, (_, i) => `127.0.1.${i + 1}`);
    for (const [i, address] of addresses.entries()) {
      const labels = { aadpodidbinding: nameOf(i) };
      resources.put("Pod", pod(`web-${i}`, address, { labels }));
      resources.put("AzureAssignedIdentity", assigned(`web-${i}`, identities[i % 8] ?? assert.fail()));
    }
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    azure.onAcquire = async () => {
      await released;
      return undefined;
    };
    const done = { count: 0 };
    const answers = addresses.map((address) =>
      daemon.askToken(address).finally(() => {
        done.count += 1;
      }),
    );
    // No call ends before all have asked.
    for (let turns = 0; turns < 200; turns += 1) await turn();
    release();
    for (; done.count < podsOnNode; await turn()) daemon.clock.advance(100); // calls to IMDS are spread over time
    const all = Promise.all(answers);
    const given = (await all).map(({ status, json }) => [status, json["client_id"]]);
    assert.deepEqual(
      given,
      addresses.map((_, i) => [200, `${nameOf(i)}-client`]),
    );
    assert.equal(azure.calls.length, identities.length);
    assert.equal(new Set(azure.calls).size, identities.length);
    await stopCleanly(daemon);
  });
});
