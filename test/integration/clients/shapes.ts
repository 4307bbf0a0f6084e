/** A request as one client sends it to the metadata address, byte for byte but for who asks for what. */
export interface Shape {
  readonly client: string;
  /** What in it other clients do not send. */
  readonly special: string;
  /** Lines up to the empty one. `{clientID}`, `{objectID}` and `{resourceID}` stand for those of the pod's identity. */
  readonly lines: readonly string[];
  /** The resource that it asks for, as the answer must repeat it. */
  readonly resource: string;
}

const path = "/metadata/identity/oauth2/token";
const vault = "https://vault.azure.net";
const host = "169.254.169.254";

/**
 * Requests for a token, from the table of reference/azure.md §1.1. Those that run unmodified in clients.test.ts are here
 * too where they have more shapes than one: with AZURE_POD_IDENTITY_AUTHORITY_HOST, or those of older versions.
 */
export const tokenShapes: readonly Shape[] = [
  {
    client: "msal-node",
    special: "a content type on a GET, header names in lower case",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&object_id={objectID} HTTP/1.1`,
      `host: ${host}`,
      "connection: keep-alive",
      "Content-Type: application/x-www-form-urlencoded",
      "Metadata: true",
      "x-client-SKU: msal.js.node",
      "x-client-VER: 16.16.1",
      "x-ms-client-request-id: 6f1f1b5e-60b4-4d7d-9a6f-2f3d0b1c4e5a",
      "User-Agent: node",
    ],
  },
  {
    client: "msal-node",
    special: "a trailing slash, with AZURE_POD_IDENTITY_AUTHORITY_HOST",
    resource: vault,
    lines: [
      `GET ${path}/?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id={clientID} HTTP/1.1`,
      `host: ${host}`,
      "Metadata: true",
      "User-Agent: node",
    ],
  },
  {
    client: "@azure/identity",
    special: "two leading slashes and a trailing one, with a slash at the end of that variable",
    resource: vault,
    lines: [
      `GET /${path}/?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&msi_res_id={resourceID} HTTP/1.1`,
      `host: ${host}`,
      "Metadata: true",
      "User-Agent: azsdk-js-identity/4.14.1 core-rest-pipeline/1.24.0 Node/26.10.0",
      "Connection: keep-alive",
    ],
  },
  {
    client: "azure-identity for Python",
    special: "nothing percent-encoded",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=${vault}&msi_res_id={resourceID} HTTP/1.1`,
      `Host: ${host}`,
      "Accept-Encoding: gzip, deflate",
      "Accept: */*",
      "Connection: keep-alive",
      "Metadata: true",
      "x-client-SKU: MSAL.Python",
    ],
  },
  {
    client: "azure-cli",
    special: "a resource that ends in a slash",
    resource: "https://management.core.windows.net/",
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.core.windows.net%2F HTTP/1.1`,
      `Host: ${host}`,
      "User-Agent: python-requests/2.32.5",
      "Accept-Encoding: gzip, deflate",
      "Accept: */*",
      "Connection: keep-alive",
      "Metadata: true",
    ],
  },
  {
    client: "msal-go",
    special: "the selector before the resource",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&client_id={clientID}&resource=https%3A%2F%2Fvault.azure.net HTTP/1.1`,
      `Host: ${host}`,
      "User-Agent: Go-http-client/1.1",
      "Metadata: true",
      "X-Client-Sku: MSAL.Go",
      "Accept-Encoding: gzip",
    ],
  },
  {
    client: "azure-identity for Java",
    special: "mi_res_id before the resource, Content-Length: 0, the JDK's offer of HTTP/2",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&mi_res_id={resourceID}&resource=https%3A%2F%2Fvault.azure.net HTTP/1.1`,
      "Connection: Upgrade, HTTP2-Settings",
      "Content-Length: 0",
      `Host: ${host}`,
      "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
      "Upgrade: h2c",
      "Metadata: true",
      "x-client-SKU: MSAL.Java",
    ],
  },
  {
    client: "msal4j",
    special: "two leading slashes, with a slash at the end of AZURE_POD_IDENTITY_AUTHORITY_HOST",
    resource: vault,
    lines: [
      `GET /${path}?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&object_id={objectID} HTTP/1.1`,
      `Host: ${host}`,
      "Accept: text/html, image/gif, image/jpeg, */*; q=0.2",
      "Connection: keep-alive",
      "Metadata: true",
    ],
  },
  {
    client: "azure_identity for Rust",
    special: "api-version 2019-08-01, header names in lower case",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&msi_res_id={resourceID} HTTP/1.1`,
      "metadata: true",
      "user-agent: azsdk-rust-identity/1.0.0 (1.94.0; linux; x86_64)",
      "accept: */*",
      `host: ${host}`,
    ],
  },
  {
    client: "MSAL.NET",
    special: "x-ms-correlation-id",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id={clientID} HTTP/1.1`,
      `Host: ${host}`,
      "Metadata: true",
      "x-ms-correlation-id: 6f1f1b5e-60b4-4d7d-9a6f-2f3d0b1c4e5a",
    ],
  },
  {
    client: "Azure.Identity for .NET",
    special: "msi_res_id",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&msi_res_id={resourceID} HTTP/1.1`,
      `Host: ${host}`,
      "Metadata: true",
      "User-Agent: azsdk-net-Identity/1.17.0 (.NET 10.0.0; Linux)",
    ],
  },
  {
    client: "adal for Go",
    special: "mi_res_id in alphabetical order",
    resource: vault,
    lines: [
      `GET ${path}?api-version=2018-02-01&mi_res_id={resourceID}&resource=https%3A%2F%2Fvault.azure.net HTTP/1.1`,
      `Host: ${host}`,
      "User-Agent: Go/go1.19 (amd64-linux) go-autorest/adal/v0.9.24",
      "Metadata: true",
      "Accept-Encoding: gzip",
    ],
  },
];

/** Requests by which credential chains look whether there is a metadata service at all (reference/azure.md §1.2). */
export const probeShapes: readonly Omit<Shape, "resource">[] = [
  {
    client: "@azure/identity",
    special: "no query",
    lines: [`GET ${path} HTTP/1.1`, `host: ${host}`, "Accept: application/json", "Connection: keep-alive"],
  },
  {
    client: "azure-identity for Python",
    special: "the whole query",
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=${vault}&client_id={clientID} HTTP/1.1`,
      `Host: ${host}`,
      "Accept: */*",
    ],
  },
  {
    client: "azidentity for Go",
    special: "no query",
    lines: [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      "User-Agent: azsdk-go-azidentity/v1.15.0 (go1.26; linux)",
    ],
  },
  {
    client: "azure-identity for Java",
    special: "api-version alone",
    lines: [`GET ${path}?api-version=2018-02-01 HTTP/1.1`, "Content-Length: 0", `Host: ${host}`],
  },
  {
    client: "MSAL.NET",
    special: "api-version and id",
    lines: [`GET ${path}?api-version=2018-02-01&client_id={clientID} HTTP/1.1`, `Host: ${host}`],
  },
  {
    client: "Azure.Identity for .NET",
    special: "msi-res-id",
    lines: [
      `GET ${path}?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&msi-res-id={resourceID} HTTP/1.1`,
      `Host: ${host}`,
    ],
  },
];

/** MSAL.NET's question whether there is a service of the second version; a 400 would be a yes. */
export const discoveryShape: Omit<Shape, "resource"> = {
  client: "MSAL.NET",
  special: "discovery",
  lines: [`GET /metadata/identity/getplatformmetadata?cred-api-version=2.0 HTTP/1.1`, `Host: ${host}`],
};

/** The Key Vault provider of the secrets store CSI driver asks for the pods of its node (reference/azure.md §1.6). */
export const hostTokenShape: Omit<Shape, "resource"> = {
  client: "CSI Key Vault provider",
  special: "pod and namespace in headers",
  lines: [
    "GET /host/token/?resource=https%3A%2F%2Fvault.azure.net HTTP/1.1",
    "Host: localhost:2579",
    "User-Agent: Go-http-client/1.1",
    "podname: open",
    "podns: shop",
    "Accept-Encoding: gzip",
  ],
};
