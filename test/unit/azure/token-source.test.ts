import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { entraToken, failureOf, resource, scripted, signal, sourceAt } from "./principals.ts";
import {
  appClientID,
  appSecret,
  identity,
  principal,
  startMs,
  startWorld,
  tenantID,
  until,
} from "./world.ts";

describe("identity types", () => {
  it("0 is served by IMDS and 1 by Entra", async (t) => {
    const { clock, imdsUrl, authorityUrl, emulator } = await startWorld(t);
    const source = sourceAt({ clock, imdsUrl, authorityUrl });
    const results = await Promise.all(
      [identity(), principal()].map((one) => source.acquire({ identity: one, resource, signal })),
    );
    assert.deepEqual(
      results.map((result) => result.ok && result.token.expiresOnSeconds - startMs / 1000),
      [86_399, 3_599],
    );
    const listeners = emulator.journal.list().map(({ listener }) => listener);
    assert.deepEqual(listeners.toSorted(), ["entra", "imds:node-0"]);
  });

  for (const type of [3, 9]) {
    it(`${type} is refused as unsupported`, async () => {
      const result = await sourceAt({}).acquire({ identity: identity({ type }), resource, signal });
      const { kind, detail } = failureOf(result);
      assert.equal(kind, "unsupported");
      assert.equal(detail, `AzureIdentity shop/reader has type ${type}: types 0, 1 and 2 are served`);
    });
  }
});

describe("service principals", () => {
  it("send what Entra expects, once, without discovery", async (t) => {
    const { source, entra } = await scripted(t, json(200, entraToken));
    const result = await source.acquire({ identity: principal(), resource, signal });
    const atSeconds = startMs / 1000;
    assert.deepEqual(result, {
      ok: true,
      token: {
        accessToken: "eyJ0.canary.sig",
        expiresOnSeconds: atSeconds + 3599,
        notBeforeSeconds: atSeconds,
      },
    });
    assert.equal(entra.requests.length, 1);
    const [request] = entra.requests;
    assert.match(request?.target ?? "", new RegExp(`^/${tenantID}/oauth2/v2\\.0/token\\b`));
    const form = Object.fromEntries(new URLSearchParams(request?.body));
    assert.deepEqual(
      [form["grant_type"], form["client_id"], form["client_secret"], form["scope"]],
      ["client_credentials", appClientID, appSecret, `${resource}/.default`],
    );
  });

  const scopes = [
    { asked: "https://vault.azure.net/", scope: "https://vault.azure.net//.default" },
    { asked: "https://vault.azure.net/.default", scope: "https://vault.azure.net/.default" },
    {
      asked: "api://20000000-0000-4000-8000-000000000002",
      scope: "api://20000000-0000-4000-8000-000000000002/.default",
    },
    { asked: "20000000-0000-4000-8000-000000000002", scope: "20000000-0000-4000-8000-000000000002/.default" },
  ];
  for (const { asked, scope } of scopes) {
    it(`ask for ${asked} as ${scope}`, async (t) => {
      const { source, entra } = await scripted(t, json(200, entraToken));
      await source.acquire({ identity: principal(), resource: asked, signal });
      assert.equal(new URLSearchParams(entra.requests[0]?.body).get("scope"), scope);
    });
  }

  it("ask each time, also after an error", async (t) => {
    const scripts = [json(503, {}), json(200, entraToken), json(200, entraToken)];
    const entra = await serveScript(t, () => scripts.shift() ?? "reset");
    const source = sourceAt({ authorityUrl: entra.url });
    const outcomes: boolean[] = [];
    for (const _ of [1, 2, 3]) {
      outcomes.push((await source.acquire({ identity: principal(), resource, signal })).ok);
    }
    assert.deepEqual(outcomes, [false, true, true]);
    assert.equal(entra.requests.length, 3);
  });

  it("are waited for no longer than 20 s", async (t) => {
    const entra = await serveScript(t, () => "hang");
    const clock = createSimulatedClock(startMs);
    const source = sourceAt({ clock, authorityUrl: entra.url });
    const pending = source.acquire({ identity: principal(), resource, signal });
    await until(() => entra.requests.length === 1);
    clock.advance(20_000);
    const result = await pending;
    assert.equal(failureOf(result).detail, "Entra did not answer: no answer within 20 s");
  });
});
