import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  accessTokenOf,
  call,
  claimsOf,
  imdsOf,
  imdsToken,
  machineID,
  patchToTheEnd,
  reader,
  startedFrozen,
  startMs,
  systemAssigned,
  tenantID,
  vault,
  writer,
} from "./fixture.ts";

const tokenTarget = `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${vault}`;
const metadata = { Metadata: "true" };
const withReader = { machine: { userAssigned: [reader.resourceID] } };

describe("IMDS request rules", () => {
  it("answers a missing Metadata header with the 88 bytes probes look for", async (t) => {
    const { addresses } = await startedFrozen(t);
    const answer = await call(imdsOf(addresses, "node-0"), "/metadata/identity/oauth2/token");
    assert.equal(answer.status, 400);
    assert.equal(
      answer.text,
      '{"error":"invalid_request","error_description":"Required metadata header not specified"}',
    );
    assert.equal(Buffer.byteLength(answer.text), 88);
    assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
  });

  const rows: readonly {
    readonly name: string;
    readonly target?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status: number;
    readonly body: RegExp;
  }[] = [
    { name: "an empty Metadata header", headers: { Metadata: "" }, status: 400, body: /metadata header/ },
    {
      name: "a forwarded request",
      headers: { ...metadata, "X-Forwarded-For": "10.0.0.1" },
      status: 400,
      body: /X-Forwarded-For/,
    },
    { name: "POST", method: "POST", status: 405, body: /method_not_allowed/ },
    {
      name: "a repeated parameter",
      target: `${tokenTarget}&resource=x`,
      status: 400,
      body: /'resource' is specified more/,
    },
    {
      name: "no api-version",
      target: `/metadata/identity/oauth2/token?resource=${vault}`,
      status: 400,
      body: /"newest-versions":\["2025-04-07","2024-07-17","2024-03-15"\]/,
    },
    {
      name: "an api-version before the token route",
      target: `/metadata/identity/oauth2/token?api-version=2017-04-02&resource=${vault}`,
      status: 400,
      body: /Bad request\. api-version is invalid/,
    },
    {
      name: "no resource",
      target: "/metadata/identity/oauth2/token?api-version=2018-02-01",
      status: 400,
      body: /'resource' is missing/,
    },
    {
      name: "two selectors",
      target: `${tokenTarget}&client_id=a&object_id=b`,
      status: 400,
      body: /Only one of/,
    },
    {
      name: "an unknown path, header or not",
      target: "/metadata/x",
      headers: {},
      status: 404,
      body: /Not found/,
    },
    {
      name: "a path with more behind it",
      target: "/metadata/identity/oauth2/token/x",
      status: 404,
      body: /Not found/,
    },
  ];
  for (const { name, target = tokenTarget, method = "GET", headers = metadata, status, body } of rows) {
    it(`refuses ${name} with ${status}`, async (t) => {
      const { addresses } = await startedFrozen(t, withReader);
      const answer = await call(imdsOf(addresses, "node-0"), target, { method, headers });
      assert.equal(answer.status, status);
      assert.match(answer.text, body);
    });
  }

  const accepted = [
    { name: "the trailing slash of msal-node", target: tokenTarget.replace("token?", "token/?") },
    { name: "a leading slash too many", target: `/${tokenTarget}` },
    { name: "another letter case", target: tokenTarget.replace("metadata", "METADATA") },
    { name: "a newer api-version", target: tokenTarget.replace("2018-02-01", "2019-08-01") },
    { name: "authority and bypass_cache", target: `${tokenTarget}&authority=https://a&bypass_cache=true` },
    { name: "an unknown parameter", target: `${tokenTarget}&x=y` },
  ];
  for (const { name, target } of accepted) {
    it(`takes ${name}`, async (t) => {
      const { addresses } = await startedFrozen(t, withReader);
      assert.equal((await call(imdsOf(addresses, "node-0"), target, { headers: metadata })).status, 200);
    });
  }
});

describe("IMDS tokens", () => {
  it("sends strings only, and the resource as it came", async (t) => {
    const { addresses } = await startedFrozen(t, withReader);
    const answer = await imdsToken(addresses, { resource: `${vault}/` });
    assert.deepEqual(answer.json, {
      access_token: accessTokenOf(answer),
      client_id: reader.clientID,
      expires_in: "86399",
      expires_on: String(startMs / 1000 + 86_399),
      ext_expires_in: "86399",
      not_before: String(startMs / 1000),
      resource: `${vault}/`,
      token_type: "Bearer",
    });
    const claims = claimsOf(accessTokenOf(answer));
    assert.equal(claims["aud"], `${vault}/`);
    assert.equal(claims["oid"], reader.objectID);
    assert.equal(claims["tid"], tenantID);
    assert.equal(claims["xms_mirid"], reader.resourceID);
  });

  it("answers the same token with a shrinking expires_in, per identity and resource", async (t) => {
    const { addresses, clock } = await startedFrozen(t, withReader);
    const first = await imdsToken(addresses, {});
    clock.advance(3_600_000);
    const second = await imdsToken(addresses, {});
    assert.equal(accessTokenOf(second), accessTokenOf(first));
    assert.match(second.text, /"expires_in":"82799"/);
    assert.notEqual(accessTokenOf(await imdsToken(addresses, { resource: "other" })), accessTokenOf(first));
    assert.notEqual(
      accessTokenOf(await imdsToken(addresses, { bypass_cache: "true" })),
      accessTokenOf(first),
    );
  });

  it("renews a token with less than five minutes left", async (t) => {
    const { addresses, clock } = await startedFrozen(t, withReader);
    const first = accessTokenOf(await imdsToken(addresses, {}));
    clock.advance(86_098_000);
    assert.equal(accessTokenOf(await imdsToken(addresses, {})), first);
    clock.advance(1_000);
    const renewed = await imdsToken(addresses, {});
    assert.notEqual(accessTokenOf(renewed), first);
    assert.match(renewed.text, /"expires_in":"86399"/);
  });
});

describe("IMDS identities", () => {
  const selectors = [
    { name: "client id", parameters: { client_id: reader.clientID.toUpperCase() } },
    { name: "object id", parameters: { object_id: reader.objectID.toUpperCase() } },
    { name: "resource id", parameters: { msi_res_id: reader.resourceID.toUpperCase() } },
  ];
  for (const { name, parameters } of selectors) {
    it(`selects by ${name} without regard to letter case`, async (t) => {
      const machine = { userAssigned: [writer.resourceID, reader.resourceID] };
      const { addresses } = await startedFrozen(t, { machine });
      const answer = await imdsToken(addresses, parameters);
      assert.equal(claimsOf(accessTokenOf(answer))["appid"], reader.clientID);
    });
  }

  it("prefers the system identity when none is asked for", async (t) => {
    const machine = { userAssigned: [reader.resourceID, writer.resourceID], systemAssigned };
    const { addresses } = await startedFrozen(t, { machine });
    const claims = claimsOf(accessTokenOf(await imdsToken(addresses, {})));
    assert.equal(claims["appid"], systemAssigned.clientID);
    assert.equal(claims["xms_mirid"], machineID);
    const byClient = await imdsToken(addresses, { client_id: systemAssigned.clientID });
    assert.equal(claimsOf(accessTokenOf(byClient))["oid"], systemAssigned.objectID);
    assert.match((await imdsToken(addresses, { msi_res_id: machineID })).text, /Identity not found/);
  });

  it("wants a selector when there are several", async (t) => {
    const machine = { userAssigned: [reader.resourceID, writer.resourceID] };
    const { addresses } = await startedFrozen(t, { machine });
    const answer = await imdsToken(addresses, {});
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, {
      error: "invalid_request",
      error_description:
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
    });
  });

  const notFound = { error: "invalid_request", error_description: "Identity not found" };

  it("knows an identity from the end of ARM's operation to its removal, on that machine only", async (t) => {
    const started = await startedFrozen(t);
    const { addresses, clock } = started;
    const asked = { client_id: reader.clientID };
    assert.deepEqual((await imdsToken(addresses, asked)).json, notFound);
    await patchToTheEnd(started, machineID, {
      type: "UserAssigned",
      userAssignedIdentities: { [reader.resourceID]: {} },
    });
    clock.stepWall(-7_200_000); // a wall clock set back undoes nothing
    assert.equal((await imdsToken(addresses, asked)).status, 200);
    assert.deepEqual((await imdsToken(addresses, asked, "node-1")).json, notFound);
    await patchToTheEnd(started, machineID, { type: "None" });
    assert.deepEqual((await imdsToken(addresses, asked)).json, notFound);
  });

  it("notices an assignment only after the visibility lag", async (t) => {
    const started = await startedFrozen(t, { settings: { visibilityLagMs: 10_000 } });
    const identity = { type: "UserAssigned", userAssignedIdentities: { [reader.resourceID]: {} } };
    await patchToTheEnd(started, machineID, identity);
    started.clock.advance(9_999);
    assert.deepEqual(started.emulator.identitiesOf(machineID)?.userAssigned, [reader.resourceID]);
    assert.equal((await imdsToken(started.addresses, {})).status, 400);
    started.clock.advance(1);
    assert.equal((await imdsToken(started.addresses, {})).status, 200);
  });
});

describe("IMDS limits", () => {
  it("answers 429 to the 21st request of a second", async (t) => {
    const { addresses, clock } = await startedFrozen(t, withReader);
    for (let i = 0; i < 20; i += 1) assert.equal((await imdsToken(addresses, {})).status, 200);
    const refused = await imdsToken(addresses, {});
    assert.equal(refused.status, 429);
    assert.match(refused.text, /too_many_requests/);
    assert.equal((await imdsToken(addresses, {}, "node-1")).status, 200);
    clock.advance(1_000);
    assert.equal((await imdsToken(addresses, {})).status, 200);
  });

  it("answers 429 to the sixth request at once", async (t) => {
    const { addresses, clock } = await startedFrozen(t, { ...withReader, settings: { imdsLatencyMs: 500 } });
    const waiting: Promise<unknown>[] = [];
    for (let i = 0; i < 5; i += 1) {
      const arrived = clock.timerStarted();
      waiting.push(imdsToken(addresses, {}).then((answer) => assert.equal(answer.status, 200)));
      await arrived;
    }
    assert.equal((await imdsToken(addresses, {})).status, 429);
    clock.advance(500);
    await Promise.all(waiting);
  });
});
