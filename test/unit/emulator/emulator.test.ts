import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createEmulator } from "../../../src/emulator/emulator.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  accessTokenOf,
  application,
  arm,
  armVersion,
  call,
  entraToken,
  imdsToken,
  machineID,
  reader,
  scaleSetID,
  secret,
  started,
  startedFrozen,
  startMs,
  tenantID,
  vault,
} from "./fixture.ts";

describe("createEmulator", () => {
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "localhost", "169.254.169.254", ""]) {
    it(`refuses to listen on "${host}"`, () => {
      assert.throws(() => createEmulator({ clock: createSimulatedClock(0), host }), {
        name: "EmulatorError",
        code: "not-loopback",
      });
    });
  }

  it("listens on the loopback address it is given", async (t) => {
    const emulator = createEmulator({ clock: createSimulatedClock(0), host: "127.0.0.2" });
    t.after(() => emulator.close());
    const { entra, arm: armUrl } = await emulator.start();
    assert.match(entra, /^http:\/\/127\.0\.0\.2:\d+$/);
    assert.match(armUrl, /^http:\/\/127\.0\.0\.2:\d+$/);
  });

  it("starts once, and closes as often as one likes", async (t) => {
    const { emulator } = await startedFrozen(t);
    await assert.rejects(emulator.start(), { code: "already-started" });
    await emulator.close();
  });

  const location = "westeurope";
  const vm = { resourceID: machineID, location, tenantID };
  const problems = [
    { name: "an unknown field", state: { tenants: [{ tenantID, x: 1 }] }, message: /"x"/ },
    { name: "a malformed id", state: { tenants: [{ tenantID: "x" }] }, message: /tenants\[0\]\.tenantID/ },
    {
      name: "a malformed resource id",
      state: { userAssignedIdentities: [{ ...reader, resourceID: "/subscriptions/s/x" }] },
      message: /Microsoft\.ManagedIdentity\/userAssignedIdentities\/N/,
    },
    { name: "a missing tenant", state: { applications: [application] }, message: /add ".*" to tenants/ },
    {
      name: "a missing identity",
      state: { tenants: [{ tenantID }], machines: [{ ...vm, userAssigned: [reader.resourceID] }] },
      message: /vm-0: add ".*reader" to userAssignedIdentities/,
    },
    {
      name: "a missing machine",
      state: { nodes: [{ name: "n", machineID }] },
      message: /node n: add ".*" to machines/,
    },
    {
      name: "a machine in two spellings",
      state: {
        tenants: [{ tenantID }],
        machines: [vm, { ...vm, resourceID: machineID.toUpperCase() }],
      },
      message: /machines: ".*" is there twice/,
    },
  ];
  for (const { name, state, message } of problems) {
    it(`refuses ${name} and says where`, () => {
      assert.throws(() => createEmulator({ clock: createSimulatedClock(0), state }), {
        code: "invalid-state",
        message,
      });
    });
  }

  it("takes more state while it runs, all or nothing", async (t) => {
    const { emulator, addresses } = await startedFrozen(t);
    const resourceID = machineID.replace("vm-0", "vm-1");
    const machines = [{ resourceID, location, tenantID, userAssigned: [reader.resourceID] }];
    await assert.rejects(emulator.add({ machines, nodes: [{ name: "node-0", machineID }] }), {
      code: "invalid-state",
    });
    assert.equal(emulator.identitiesOf(resourceID), undefined);
    await emulator.add({ machines, nodes: [{ name: "node-2", machineID: resourceID }] });
    assert.deepEqual(emulator.identitiesOf(resourceID)?.userAssigned, [reader.resourceID]);
    assert.equal((await imdsToken(addresses, {}, "node-2")).status, 200);
  });

  it("ends requests that wait when it closes", async (t) => {
    const { emulator, addresses, clock } = await startedFrozen(t, { settings: { imdsLatencyMs: 60_000 } });
    const arrived = clock.timerStarted();
    const waiting = assert.rejects(imdsToken(addresses, {}));
    await arrived;
    await emulator.close();
    await waiting;
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("refuses a body beyond 1 MiB", async (t) => {
    const { addresses } = await startedFrozen(t);
    const answer = await call(addresses.entra, `/${tenantID}/oauth2/v2.0/token`, {
      method: "POST",
      body: "x".repeat(4_000_000),
    });
    assert.equal(answer.status, 413);
  });
});

describe("journal", () => {
  it("tells who asked what of whom, and what a PATCH changes", async (t) => {
    const { emulator, addresses, clock } = await startedFrozen(t);
    await imdsToken(addresses, {}, "node-1");
    clock.advance(1_500);
    await arm(addresses, "PATCH", `${scaleSetID}?${armVersion}`, { identity: { type: "None" } });
    const [imds, entra, patch, ...more] = emulator.journal.list();
    assert.deepEqual(more, []);
    assert.equal(imds?.listener, "imds:node-1");
    assert.equal(imds.at, "2026-06-12T22:00:00Z");
    assert.equal(
      imds.target,
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net",
    );
    assert.deepEqual([imds.status, imds.audience, imds.machineID], [200, vault, scaleSetID]);
    assert.deepEqual(entra, {
      sequence: 2,
      at: "2026-06-12T22:00:01.5Z",
      listener: "entra",
      method: "POST",
      target: `/${tenantID}/oauth2/v2.0/token`,
      status: 200,
      clientID: application.clientID,
      audience: "https://management.azure.com/",
    });
    assert.deepEqual(patch, {
      sequence: 3,
      at: "2026-06-12T22:00:01.5Z",
      listener: "arm",
      method: "PATCH",
      target: `${scaleSetID}?${armVersion}`,
      status: 202,
      machineID: scaleSetID,
      added: [],
      removed: [reader.resourceID.replace("reader", "writer")],
    });
  });

  it("keeps counting after it was cleared", async (t) => {
    const { emulator, addresses } = await startedFrozen(t);
    await entraToken(addresses);
    emulator.journal.clear();
    assert.deepEqual(emulator.journal.list(), []);
    await entraToken(addresses);
    assert.equal(emulator.journal.list()[0]?.sequence, 2);
  });

  it("holds neither secret nor token, wherever a client put it", async (t) => {
    const clock = createSimulatedClock(startMs);
    const { emulator, addresses } = await started(t, clock, {
      machine: { userAssigned: [reader.resourceID] },
    });
    const answer = await entraToken(
      addresses,
      {},
      `/${tenantID}/oauth2/v2.0/token?CLIENT_SECRET=${secret}&a=b?c`,
    );
    await arm(addresses, "GET", `${machineID}?${armVersion}&access%5Ftoken=${accessTokenOf(answer)}`);
    await imdsToken(addresses, { assertion: secret });
    const text = JSON.stringify(emulator.journal.list());
    assert.ok(!text.includes(secret));
    assert.ok(!text.includes(accessTokenOf(answer)));
    assert.equal(
      emulator.journal.list()[0]?.target,
      `/${tenantID}/oauth2/v2.0/token?CLIENT_SECRET=[redacted]&a=b?c`,
    );
  });
});
