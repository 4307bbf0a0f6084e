import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ReadSecret } from "../../../src/azure/client-secret.ts";
import type { AzureIdentity } from "../../../src/azure/token-result.ts";
import { json, serveScript } from "./loopback.ts";
import { entraToken, failureOf, resource, scripted, secretsOf, signal, sourceAt } from "./principals.ts";
import { appSecret, principal, startWorld } from "./world.ts";

const unreadable: ReadSecret = async () => {
  throw new Error("canary-content");
};

describe("the Secret of a service principal", () => {
  const good = [
    {
      name: "clientSecret before all others",
      values: { ClientSecret: "x", clientPassword: "y", clientSecret: appSecret },
    },
    {
      name: "ClientSecret before clientPassword",
      values: { clientPassword: "y", ClientSecret: appSecret, other: "z" },
    },
    { name: "clientPassword", values: { other: "z", clientPassword: appSecret } },
    { name: "the only key", values: { whatever: appSecret } },
  ];
  for (const { name, values } of good) {
    it(`is read from ${name}`, async (t) => {
      const { clock, authorityUrl } = await startWorld(t);
      const source = sourceAt({ clock, authorityUrl, readSecret: secretsOf(values) });
      const result = await source.acquire({ identity: principal(), resource, signal });
      assert.ok(result.ok);
    });
  }

  const place = "AzureIdentity shop/reader: ";
  const bad = [
    {
      name: "no reference",
      asked: principal({ clientPassword: null }),
      readSecret: secretsOf({ clientSecret: appSecret }),
      kind: "credential",
      detail: `${place}spec.clientPassword is empty: name the Secret`,
    },
    {
      name: "a missing Secret",
      asked: principal({ clientPassword: { namespace: "shop", name: "gone" } }),
      readSecret: secretsOf({ clientSecret: appSecret }),
      kind: "credential",
      detail: `${place}Secret shop/gone does not exist: create it`,
    },
    {
      name: "several unknown keys",
      asked: principal(),
      readSecret: secretsOf({ one: "canary-1", two: "canary-2" }),
      kind: "credential",
      detail: `${place}Secret shop/app has no key "clientSecret": add it`,
    },
    {
      name: "an empty value",
      asked: principal(),
      readSecret: secretsOf({ clientSecret: "" }),
      kind: "credential",
      detail: `${place}Secret shop/app is empty under "clientSecret": put the secret there`,
    },
    {
      name: "a Secret of another namespace",
      asked: principal({ clientPassword: { namespace: "billing", name: "app" } }),
      readSecret: secretsOf({ clientSecret: appSecret }),
      kind: "credential",
      detail: `${place}Secret billing/app is not in the identity's namespace shop: copy it there`,
    },
    {
      name: "a Secret that cannot be read",
      asked: principal(),
      readSecret: unreadable,
      kind: "unavailable",
      detail: `${place}Secret shop/app could not be read; if NMI may not, bind ClusterRole podid-nmi-secrets in namespace shop`,
    },
  ];
  for (const { name, asked, readSecret, kind, detail } of bad) {
    it(`fails the request: ${name}`, async () => {
      const source = sourceAt({ readSecret });
      const failure = failureOf(await source.acquire({ identity: asked, resource, signal }));
      assert.deepEqual([failure.kind, failure.detail], [kind, detail]);
    });
  }
});

describe("the authority of a service principal", () => {
  it("is the emulator when adEndpoint names it", async (t) => {
    const { source, entra } = await scripted(t, json(200, entraToken));
    const asked = principal({ adEndpoint: `${entra.url}/` });
    assert.ok((await source.acquire({ identity: asked, resource, signal })).ok);
  });

  const rows: readonly { readonly name: string; readonly spec: Partial<AzureIdentity["spec"]> }[] = [
    { name: "https, but no login of Azure", spec: { adEndpoint: "https://login.example.com" } },
    { name: "plain http", spec: { adEndpoint: "http://login.example.com" } },
    { name: "another port of this host", spec: { adEndpoint: "http://127.0.0.1:1" } },
    { name: "another scheme", spec: { adEndpoint: "file:///etc/passwd" } },
    { name: "no URL", spec: { adEndpoint: "login.example.com" } },
    { name: "a user in the URL", spec: { adEndpoint: "https://a:b@login.example.com" } },
    { name: "a query", spec: { adEndpoint: "https://login.example.com/?x=" } },
    { name: "no tenant", spec: { tenantID: "" } },
    { name: "a path as tenant", spec: { tenantID: "../x" } },
    { name: "no client id", spec: { clientID: "" } },
  ];
  for (const { name, spec } of rows) {
    it(`is refused before the Secret is read: ${name}`, async (t) => {
      const entra = await serveScript(t, () => json(200, entraToken));
      let reads = 0;
      const readSecret: ReadSecret = async () => {
        reads += 1;
        return new Map([["clientSecret", appSecret]]);
      };
      const source = sourceAt({ authorityUrl: entra.url, readSecret });
      const failure = failureOf(await source.acquire({ identity: principal(spec), resource, signal }));
      assert.equal(failure.kind, "refused");
      assert.deepEqual([reads, entra.requests.length], [0, 0]);
    });
  }
});
