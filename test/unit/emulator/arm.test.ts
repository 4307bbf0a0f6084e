import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { z } from "zod";

import {
  accessTokenOf,
  arm,
  armVersion,
  call,
  entraToken,
  imdsToken,
  machineID,
  patchToTheEnd,
  reader,
  scaleSetID,
  startedFrozen,
  subscription,
  systemAssigned,
  tenantID,
  writer,
} from "./fixture.ts";

const target = `${machineID}?${armVersion}`;
const addReader = { type: "UserAssigned", userAssignedIdentities: { [reader.resourceID]: {} } };
const armError = z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) });
const errorOf = (json: unknown): { readonly code: string; readonly message: string } =>
  armError.parse(json).error;
const pathOf = (url: unknown): string => z.string().parse(url).replace("https://management.azure.com", "");
const lowerGroup = (id: string): string => id.replace("/resourceGroups/", "/resourcegroups/");

describe("ARM reads", () => {
  it("shows a machine with its identities, their group in another letter case", async (t) => {
    const { addresses } = await startedFrozen(t, {
      machine: { userAssigned: [reader.resourceID], systemAssigned },
    });
    const answer = await arm(addresses, "GET", target);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.etag, '"1"');
    assert.deepEqual(answer.json, {
      name: "vm-0",
      id: machineID,
      type: "Microsoft.Compute/virtualMachines",
      location: "westeurope",
      identity: {
        type: "SystemAssigned, UserAssigned",
        principalId: systemAssigned.objectID,
        tenantId: tenantID,
        userAssignedIdentities: {
          [lowerGroup(reader.resourceID)]: { principalId: reader.objectID, clientId: reader.clientID },
        },
      },
      properties: { provisioningState: "Succeeded" },
      etag: '"1"',
    });
  });

  it("shows a machine without identities without a block, and to old versions without etag", async (t) => {
    const { addresses } = await startedFrozen(t);
    const { json } = await arm(addresses, "GET", `${machineID}?api-version=2019-12-01`);
    const body = z.looseObject({}).parse(json);
    assert.deepEqual(["identity" in body, "etag" in body], [false, false]);
  });

  it("finds machines in any letter case and percent-encoding", async (t) => {
    const { addresses } = await startedFrozen(t);
    assert.equal((await arm(addresses, "GET", `${scaleSetID.toUpperCase()}?${armVersion}`)).status, 200);
    assert.equal(
      (await arm(addresses, "GET", `${scaleSetID.replace("pool", "po%6Fl")}?${armVersion}`)).status,
      200,
    );
  });

  const refusals = [
    {
      name: "a machine that is not there",
      target: `${machineID}x?${armVersion}`,
      status: 404,
      code: "ResourceNotFound",
    },
    {
      name: "another resource type",
      target: `${subscription}?${armVersion}`,
      status: 404,
      code: "InvalidResourceType",
    },
    {
      name: "a stray percent sign",
      target: `${machineID}%?${armVersion}`,
      status: 404,
      code: "ResourceNotFound",
    },
    { name: "no api-version", target: machineID, status: 400, code: "MissingApiVersionParameter" },
    {
      name: "a version without identity maps",
      target: `${machineID}?api-version=2017-12-01`,
      status: 400,
      code: "InvalidApiVersionParameter",
    },
    {
      name: "an unknown operation",
      target: `${subscription}/providers/Microsoft.Compute/locations/westeurope/operations/x?${armVersion}`,
      status: 404,
      code: "ResourceNotFound",
    },
  ];
  for (const row of refusals) {
    it(`refuses ${row.name} with ${row.code}`, async (t) => {
      const { addresses } = await startedFrozen(t);
      const answer = await arm(addresses, "GET", row.target);
      assert.deepEqual([answer.status, errorOf(answer.json).code], [row.status, row.code]);
    });
  }
});

describe("ARM tokens", () => {
  it("refuses none, a foreign one, one for another audience and an expired one", async (t) => {
    const { addresses, clock } = await startedFrozen(t);
    const codeWith = async (headers: Readonly<Record<string, string>>): Promise<string> => {
      const answer = await call(addresses.arm, target, { headers });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers["www-authenticate"], 'Bearer error="invalid_token"');
      return errorOf(answer.json).code;
    };
    const vaultToken = accessTokenOf(
      await entraToken(addresses, { scope: "https://vault.azure.net/.default" }),
    );
    const armToken = accessTokenOf(await entraToken(addresses));
    assert.equal(await codeWith({}), "AuthenticationFailed");
    assert.equal(await codeWith({ authorization: "Bearer a.b.c" }), "InvalidAuthenticationToken");
    assert.equal(
      await codeWith({ authorization: `Bearer ${vaultToken}` }),
      "InvalidAuthenticationTokenAudience",
    );
    clock.advance(3_599_000);
    assert.equal(await codeWith({ authorization: `Bearer ${armToken}` }), "ExpiredAuthenticationToken");
  });

  it("takes one that IMDS issued", async (t) => {
    const { addresses } = await startedFrozen(t, { machine: { systemAssigned } });
    const token = accessTokenOf(await imdsToken(addresses, { resource: "https://management.azure.com/" }));
    const answer = await call(addresses.arm, target, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
  });
});

describe("ARM PATCH", () => {
  it("changes the identities when the operation succeeds, not before", async (t) => {
    const { emulator, addresses, clock } = await startedFrozen(t);
    const accepted = await arm(addresses, "PATCH", target, { identity: addReader });
    assert.equal(accepted.status, 202);
    assert.equal(accepted.headers["retry-after"], "10");
    assert.match(accepted.text, /"provisioningState":"Updating"/);
    const operation = pathOf(accepted.headers["azure-asyncoperation"]);
    const monitor = pathOf(accepted.headers.location);
    assert.equal(monitor, `${operation}&monitor=true`);

    clock.advance(34_999);
    const name = /operations\/([^?]+)/.exec(operation)?.[1];
    const running = { name, startTime: "2026-06-12T22:00:00Z", status: "InProgress" };
    assert.deepEqual((await arm(addresses, "GET", operation)).json, running);
    assert.equal((await arm(addresses, "GET", monitor)).status, 202);
    assert.deepEqual(emulator.identitiesOf(machineID)?.userAssigned, []);
    assert.equal((await imdsToken(addresses, {})).status, 400);

    clock.advance(1);
    const done = { ...running, endTime: "2026-06-12T22:00:35Z", status: "Succeeded" };
    assert.deepEqual((await arm(addresses, "GET", operation)).json, done);
    const result = await arm(addresses, "GET", monitor);
    assert.equal(result.status, 200);
    assert.equal(result.headers.etag, '"2"');
    assert.deepEqual(result.json, (await arm(addresses, "GET", target)).json);
    assert.deepEqual(emulator.identitiesOf(machineID.toUpperCase()), {
      systemAssigned: false,
      userAssigned: [reader.resourceID],
    });
    assert.equal((await imdsToken(addresses, {})).status, 200);
  });

  it("removes by null on a scale set", async (t) => {
    const started = await startedFrozen(t);
    await patchToTheEnd(started, scaleSetID, {
      type: "UserAssigned",
      userAssignedIdentities: { [writer.resourceID]: null, [reader.resourceID]: {} },
    });
    assert.deepEqual(started.emulator.identitiesOf(scaleSetID)?.userAssigned, [reader.resourceID]);
  });

  it("gives a machine one lasting system identity, and takes it away again", async (t) => {
    const started = await startedFrozen(t);
    const { addresses } = started;
    await patchToTheEnd(started, machineID, { type: "SystemAssigned" });
    const first = await arm(addresses, "GET", target);
    assert.match(first.text, /"type":"SystemAssigned","principalId":/);
    assert.deepEqual((await arm(addresses, "GET", target)).json, first.json);
    await patchToTheEnd(started, machineID, addReader);
    assert.deepEqual(started.emulator.identitiesOf(machineID), {
      systemAssigned: false,
      userAssigned: [reader.resourceID],
    });
  });

  it("answers 200 at once when there is nothing to change", async (t) => {
    const { addresses } = await startedFrozen(t, { machine: { userAssigned: [reader.resourceID] } });
    assert.equal((await arm(addresses, "PATCH", target, { identity: addReader })).status, 200);
    assert.equal((await arm(addresses, "PATCH", target, { identity: undefined })).status, 200);
    assert.equal((await arm(addresses, "GET", target)).headers.etag, '"1"');
  });

  it("answers 409 while another operation runs on that machine only", async (t) => {
    const { addresses, clock } = await startedFrozen(t);
    assert.equal((await arm(addresses, "PATCH", target, { identity: addReader })).status, 202);
    const conflict = await arm(addresses, "PATCH", target, { identity: { type: "None" } });
    assert.deepEqual([conflict.status, errorOf(conflict.json).code], [409, "Conflict"]);
    const other = await arm(addresses, "PATCH", `${scaleSetID}?${armVersion}`, { identity: addReader });
    assert.equal(other.status, 202);
    clock.advance(35_000);
    assert.equal((await arm(addresses, "PATCH", target, { identity: { type: "None" } })).status, 202);
  });

  it("answers 412 to an etag of before, and takes the present one", async (t) => {
    const started = await startedFrozen(t);
    await patchToTheEnd(started, machineID, addReader);
    const patch = (ifMatch: string) =>
      arm(started.addresses, "PATCH", target, { identity: addReader, headers: { "if-match": ifMatch } });
    const raced = await patch('"1"');
    assert.deepEqual([raced.status, errorOf(raced.json).code], [412, "PreconditionFailed"]);
    assert.deepEqual([(await patch('"2"')).status, (await patch("*")).status], [200, 200]);
  });

  const refusals = [
    {
      name: "an unknown identity",
      identity: { type: "UserAssigned", userAssignedIdentities: { [`${reader.resourceID}x`]: {} } },
      code: "FailedIdentityOperation",
      message: /readerx/,
    },
    {
      name: "an unknown type",
      identity: { type: "User" },
      code: "InvalidIdentityValues",
      message: /identity\.type/,
    },
    {
      name: "a value that is neither object nor null",
      identity: { type: "UserAssigned", userAssignedIdentities: { [reader.resourceID]: "x" } },
      code: "InvalidIdentityValues",
      message: /userAssignedIdentities/,
    },
  ];
  for (const { name, identity, code, message } of refusals) {
    it(`refuses ${name}`, async (t) => {
      const { emulator, addresses } = await startedFrozen(t);
      const answer = await arm(addresses, "PATCH", target, { identity });
      const error = errorOf(answer.json);
      assert.deepEqual([answer.status, error.code], [400, code]);
      assert.match(error.message, message);
      assert.deepEqual(emulator.identitiesOf(machineID)?.userAssigned, []);
    });
  }

  it("refuses a body that is not JSON, and other methods", async (t) => {
    const { addresses } = await startedFrozen(t);
    const empty = await arm(addresses, "PATCH", target);
    assert.deepEqual([empty.status, errorOf(empty.json).code], [400, "InvalidRequestContent"]);
    const headers = { authorization: `Bearer ${accessTokenOf(await entraToken(addresses))}` };
    assert.equal((await call(addresses.arm, target, { method: "PUT", headers })).status, 405);
    const accepted = await arm(addresses, "PATCH", target, { identity: addReader });
    const operation = pathOf(accepted.headers["azure-asyncoperation"]);
    assert.equal((await call(addresses.arm, operation, { method: "DELETE", headers })).status, 405);
  });
});
