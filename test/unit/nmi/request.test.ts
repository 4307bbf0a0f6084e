import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { metadataAreas, tokenPath } from "../../../src/nmi/request-path.ts";
import type { TokenRequest } from "../../../src/nmi/request-query.ts";
import { parseRequest, type RawRequest, type RequestTerms } from "../../../src/nmi/request.ts";

const terms: RequestTerms = {
  hosts: new Set(["169.254.169.254", "imds.test"]),
  servesHostToken: true,
  metadataAreas: new Set(["instance", "versions"]),
};

function raw(query: string, changes: Partial<RawRequest> = {}): RawRequest {
  return {
    method: "GET",
    version: "1.1",
    target: `${tokenPath}?${query}`,
    headers: { host: ["169.254.169.254"], metadata: ["true"] },
    ...changes,
  };
}

function askAt(target: string, changes: Partial<RawRequest> = {}): RawRequest {
  return raw("", { target, ...changes });
}

function askFor(headers: RawRequest["headers"], query = "resource=r&client_id=c"): RawRequest {
  return raw("", { target: `/host/token/?${query}`, headers: { host: ["localhost:2579"], ...headers } });
}

function withHeaders(headers: RawRequest["headers"]): RawRequest {
  return raw("resource=r", { headers: { host: ["169.254.169.254"], metadata: ["true"], ...headers } });
}

/** What became of a request: its kind, or that of its refusal. */
function kindOf(request: RawRequest, changes: Partial<RequestTerms> = {}): string {
  const parsed = parseRequest(request, { ...terms, ...changes });
  return parsed.kind === "refused" ? parsed.refusal.kind : parsed.kind;
}

describe("the Metadata header", () => {
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
    it(`is ${expected} for ${JSON.stringify(values)}`, () => {
      const kind = kindOf(withHeaders({ metadata: values }));
      assert.equal(kind, expected ? "token" : "metadataHeaderMissing");
    });
  }
});

describe("a request on the token path", () => {
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
    it(`reads ${name}`, () => assert.deepEqual(parseRequest(raw(query), terms), { kind: "token", request }));
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
      assert.equal(kindOf(raw(query)), "invalidRequest");
    });
  }

  const envelopes: readonly { readonly name: string; readonly request: RawRequest; readonly kind: string }[] =
    [
      { name: "POST", request: raw("resource=r", { method: "POST" }), kind: "methodNotAllowed" },
      {
        name: "HTTP/2.0 in an HTTP/1 request",
        request: raw("resource=r", { version: "2.0" }),
        kind: "invalidRequest",
      },
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
      assert.equal(kindOf(request), kind);
    });
  }

  it("accepts what Java and msal-node send beside the request: empty length, content type, port", () => {
    const headers = {
      host: ["IMDS.test:8080"],
      "content-length": ["0"],
      "content-type": ["application/x-www-form-urlencoded"],
    };
    assert.equal(kindOf(withHeaders(headers)), "token");
  });
});

describe("a request on a metadata path", () => {
  const instance = "/metadata/instance/compute?api-version=2021-02-01&format=text";
  it("is its segments, api-version and format, and nothing else", () => {
    assert.deepEqual(parseRequest(askAt(`${instance}&bypass_cache=true&nonce=1`), terms), {
      kind: "metadata",
      request: { path: ["instance", "compute"], apiVersion: "2021-02-01", format: "text" },
    });
    assert.deepEqual(parseRequest(askAt("/metadata/versions"), terms), {
      kind: "metadata",
      request: { path: ["versions"] },
    });
  });

  const refused = [
    {
      name: "no Metadata header",
      target: instance,
      headers: { metadata: undefined },
      kind: "metadataHeaderMissing",
    },
    { name: "a repeated parameter", target: `${instance}&format=json`, kind: "invalidRequest" },
    { name: "a format of its own", target: "/metadata/instance?format=xml", kind: "invalidRequest" },
    {
      name: "a version that is no date",
      target: "/metadata/instance?api-version=1/../x",
      kind: "invalidRequest",
    },
    {
      name: "X-Forwarded-For",
      target: instance,
      headers: { "x-forwarded-for": ["1"] },
      kind: "invalidRequest",
    },
    { name: "a body", target: instance, headers: { "content-length": ["3"] }, kind: "bodyNotServed" },
  ];
  for (const { name, target, headers = {}, kind } of refused) {
    it(`is refused with ${name}`, () => {
      const all = { host: ["169.254.169.254"], metadata: ["true"], ...headers };
      assert.equal(kindOf(askAt(target, { headers: all })), kind);
    });
  }

  it("acknowledges no scheduled event", () => {
    const request = askAt("/metadata/scheduledevents", { method: "POST" });
    assert.equal(kindOf(request, { metadataAreas: new Set(["scheduledevents"]) }), "methodNotAllowed");
  });

  for (const area of ["attested/document", "loadbalancer", "scheduledevents"]) {
    it(`is blocked before the header is looked at, unless opted in: ${area}`, () => {
      const request = askAt(`/metadata/${area}`, { headers: {} });
      assert.equal(kindOf(request), "metadataBlocked");
      const areas = { metadataAreas: new Set(metadataAreas) };
      assert.equal(kindOf(askAt(`/metadata/${area}`), areas), "metadata");
    });
  }
});

describe("a request on the host path", () => {
  const named = { podns: ["shop"], podname: ["web-0"] };

  it("needs no Metadata header, and is called by any name of the loopback", () => {
    for (const host of ["localhost:2579", "127.0.0.1:2579", "[::1]:2579", "169.254.169.254"]) {
      assert.deepEqual(parseRequest(askFor({ ...named, host: [host] }), terms), {
        kind: "hostToken",
        request: { resource: "r", clientID: "c" },
        pod: { namespace: "shop", name: "web-0" },
      });
    }
  });

  const refused: readonly { readonly name: string; readonly request: RawRequest }[] = [
    { name: "no name", request: askFor({ podns: ["shop"] }) },
    { name: "no namespace", request: askFor({ podname: ["web-0"] }) },
    { name: "two names", request: askFor({ ...named, podname: ["web-0", "web-1"] }) },
    { name: "a name that is none", request: askFor({ ...named, podname: ["../web"] }) },
    { name: "no resource", request: askFor(named, "client_id=c") },
    { name: "another Host", request: askFor({ ...named, host: ["evil.test"] }) },
    { name: "X-Forwarded-For", request: askFor({ ...named, "x-forwarded-for": ["1"] }) },
  ];
  for (const { name, request } of refused) {
    it(`is refused with ${name}`, () => assert.equal(kindOf(request), "invalidRequest"));
  }

  it("is not there when switched off", () =>
    assert.equal(kindOf(askFor(named), { servesHostToken: false }), "pathNotFound"));
});
