import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  hasMetadataHeader,
  parseTokenRequest,
  refuseUnserved,
  routePath,
  tokenPath,
  type RawRequest,
  type TokenRequest,
} from "../../../src/nmi/request.ts";

const hosts = new Set(["169.254.169.254", "imds.test"]);

function raw(query: string, changes: Partial<RawRequest> = {}): RawRequest {
  return {
    method: "GET",
    target: `${tokenPath}?${query}`,
    headers: { host: ["169.254.169.254"], metadata: ["true"] },
    ...changes,
  };
}

function withHeaders(headers: RawRequest["headers"]): RawRequest {
  return raw("resource=r", { headers: { host: ["169.254.169.254"], ...headers } });
}

describe("routePath", () => {
  const served = [
    tokenPath,
    `${tokenPath}/`,
    `/${tokenPath}`,
    `/${tokenPath}/?api-version=2018-02-01`,
    "/metadata/Identity/OAuth2/TOKEN?resource=r",
  ];
  for (const target of served) {
    it(`takes ${target} for the token path`, () => assert.equal(routePath(target), tokenPath));
  }

  const refused = [
    { name: "three leading slashes", target: `//${tokenPath}`, status: "invalidRequest" },
    { name: "two trailing slashes", target: `${tokenPath}//`, status: "invalidRequest" },
    { name: "an inner double slash", target: "/metadata//identity/oauth2/token", status: "pathNotFound" },
    {
      name: "a double slash inside identity",
      target: "/metadata/identity//oauth2/token",
      status: "invalidRequest",
    },
    { name: "an encoded slash", target: "/metadata/identity%2foauth2/token", status: "invalidRequest" },
    { name: "a backslash", target: "/metadata/identity\\oauth2\\token", status: "invalidRequest" },
    { name: "a path parameter", target: `${tokenPath};x=1`, status: "invalidRequest" },
    { name: "a dot segment", target: "/metadata/identity/./oauth2/token", status: "invalidRequest" },
    { name: "something appended", target: `${tokenPath}/x`, status: "invalidRequest" },
    { name: "a fragment", target: `${tokenPath}#x`, status: "invalidRequest" },
    { name: "the absolute form", target: `http://169.254.169.254${tokenPath}`, status: "invalidRequest" },
    { name: "the certificate route", target: "/metadata/identity/issuecredential", status: "pathNotFound" },
    {
      name: "instance metadata",
      target: "/metadata/instance?api-version=2021-02-01",
      status: "pathNotFound",
    },
    { name: "an empty target", target: "", status: "pathNotFound" },
  ];
  for (const { name, target, status } of refused) {
    it(`does not route ${name}`, () => {
      assert.notEqual(routePath(target), tokenPath);
      assert.equal(refuseUnserved(target).kind, status);
    });
  }
});

describe("hasMetadataHeader", () => {
  const rows: readonly { readonly values: readonly string[] | undefined; readonly expected: boolean }[] = [
    { values: ["true"], expected: true },
    { values: ["True"], expected: true },
    { values: undefined, expected: false },
    { values: [""], expected: false },
    { values: ["false"], expected: false },
    { values: ["true", "true"], expected: false },
    { values: ["true, true"], expected: false },
  ];
  for (const { values, expected } of rows) {
    it(`is ${expected} for ${JSON.stringify(values)}`, () =>
      assert.equal(hasMetadataHeader({ metadata: values }), expected));
  }
});

describe("parseTokenRequest", () => {
  const accepted: readonly {
    readonly name: string;
    readonly query: string;
    readonly request: TokenRequest;
  }[] = [
    {
      name: "msal-node",
      query: "api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=c",
      request: { resource: "https://vault.azure.net", clientID: "c" },
    },
    {
      name: "Python, unencoded",
      query: "api-version=2018-02-01&resource=https://vault.azure.net&msi_res_id=/subscriptions/s",
      request: { resource: "https://vault.azure.net", resourceID: "/subscriptions/s" },
    },
    {
      name: "Java, selector first",
      query: "api-version=2018-02-01&mi_res_id=/s&resource=r",
      request: { resource: "r", resourceID: "/s" },
    },
    {
      name: "Azure.Identity's probe",
      query: "api-version=2018-02-01&resource=r&msi-res-id=/s",
      request: { resource: "r", resourceID: "/s" },
    },
    {
      name: "Rust's api-version",
      query: "api-version=2019-08-01&resource=r&object_id=o",
      request: { resource: "r", objectID: "o" },
    },
    { name: "no api-version, as aad-pod-identity allowed", query: "resource=r", request: { resource: "r" } },
    {
      name: "an empty id, as aad-pod-identity allowed",
      query: "resource=r&client_id=",
      request: { resource: "r" },
    },
    {
      name: "unknown parameters",
      query: "resource=r&bypass_cache=true&authority=x&&",
      request: { resource: "r" },
    },
    {
      name: "names in another letter case",
      query: "Resource=r&CLIENT_ID=c",
      request: { resource: "r", clientID: "c" },
    },
    { name: "a resource that contains =", query: "resource=a=b", request: { resource: "a=b" } },
  ];
  for (const { name, query, request } of accepted) {
    it(`reads ${name}`, () => assert.deepEqual(parseTokenRequest(raw(query), hosts), { ok: true, request }));
  }

  const refusedQueries = [
    { name: "no resource", query: "api-version=2018-02-01" },
    { name: "an empty resource", query: "resource=" },
    { name: "a repeated resource", query: "resource=r&resource=r" },
    { name: "a repeat in another letter case", query: "resource=r&RESOURCE=r" },
    { name: "two selectors", query: "resource=r&client_id=c&object_id=o" },
    { name: "two names for the resource id", query: "resource=r&mi_res_id=a&msi_res_id=a" },
    { name: "an api-version before 2018-02-01", query: "resource=r&api-version=2017-09-01" },
    { name: "an api-version that is no date", query: "resource=r&api-version=latest" },
    { name: "broken percent-encoding", query: "resource=%zz" },
    { name: "a line break in an id", query: "resource=r&client_id=a%0d%0ab" },
    { name: "a space in the resource", query: "resource=a+b" },
    { name: "an overlong resource", query: `resource=${"r".repeat(1025)}` },
  ];
  for (const { name, query } of refusedQueries) {
    it(`refuses ${name}`, () => {
      const parsed = parseTokenRequest(raw(query), hosts);
      assert.equal(parsed.ok ? "accepted" : parsed.refusal.kind, "invalidRequest");
    });
  }

  const envelopes: readonly { readonly name: string; readonly request: RawRequest; readonly kind: string }[] =
    [
      { name: "POST", request: raw("resource=r", { method: "POST" }), kind: "methodNotAllowed" },
      { name: "HEAD", request: raw("resource=r", { method: "HEAD" }), kind: "methodNotAllowed" },
      {
        name: "X-Forwarded-For",
        request: withHeaders({ "x-forwarded-for": ["1.2.3.4"] }),
        kind: "invalidRequest",
      },
      {
        name: "an empty X-Forwarded-For",
        request: withHeaders({ "x-forwarded-for": [""] }),
        kind: "invalidRequest",
      },
      { name: "Forwarded", request: withHeaders({ forwarded: ["for=1.2.3.4"] }), kind: "invalidRequest" },
      { name: "a body", request: withHeaders({ "content-length": ["5"] }), kind: "bodyNotServed" },
      {
        name: "Transfer-Encoding",
        request: withHeaders({ "transfer-encoding": ["xchunked"] }),
        kind: "bodyNotServed",
      },
      { name: "another Host", request: withHeaders({ host: ["evil.test"] }), kind: "invalidRequest" },
      { name: "no Host", request: withHeaders({ host: undefined }), kind: "invalidRequest" },
      {
        name: "two Hosts",
        request: withHeaders({ host: ["imds.test", "imds.test"] }),
        kind: "invalidRequest",
      },
    ];
  for (const { name, request, kind } of envelopes) {
    it(`refuses ${name}`, () => {
      const parsed = parseTokenRequest(request, hosts);
      assert.equal(parsed.ok ? "accepted" : parsed.refusal.kind, kind);
    });
  }

  it("accepts what Java and msal-node send beside the request: empty length, content type, port", () => {
    const headers = {
      host: ["IMDS.test:8080"],
      "content-length": ["0"],
      "content-type": ["application/x-www-form-urlencoded"],
    };
    assert.equal(parseTokenRequest(withHeaders(headers), hosts).ok, true);
  });
});
