import { isAuthorityHost } from "./cloud.ts";

/** Where one tenant's tokens are got. */
export interface Authority {
  /** Base URL of Entra, without a trailing slash. */
  readonly baseUrl: string;
  readonly tenantID: string;
}

export type AuthorityResult =
  | { readonly ok: true; readonly authority: Authority }
  | { readonly ok: false; readonly problem: string };

/** A GUID or a verified domain; nothing that could change the path of the token endpoint. */
const tenantPattern = /^[\dA-Za-z](?:[\dA-Za-z.-]{0,252}[\dA-Za-z])?$/;

/**
 * Forms the authority of `tenantID` at `adEndpoint`, or at `defaultUrl` when that is empty. An AzureIdentity's
 * adEndpoint is a tenant's text, and secrets are sent there: it must be the login of an Azure cloud, or the
 * very origin that podid's own configuration gives (a custom cloud, the emulator).
 */
export function parseAuthority(adEndpoint: string, tenantID: string, defaultUrl: string): AuthorityResult {
  if (tenantID === "") return { ok: false, problem: "tenantID is empty: set the tenant of the application" };
  if (!tenantPattern.test(tenantID)) {
    return { ok: false, problem: `tenantID "${tenantID}" is neither a GUID nor a domain name` };
  }
  const baseUrl = adEndpoint === "" ? defaultUrl : parseEndpoint(adEndpoint, defaultUrl);
  if (baseUrl !== null) return { ok: true, authority: { baseUrl, tenantID } };
  return {
    ok: false,
    problem: `adEndpoint "${adEndpoint}" is not the https URL of an Azure cloud's login, such as https://login.microsoftonline.us/`,
  };
}

function parseEndpoint(adEndpoint: string, defaultUrl: string): string | null {
  const url = URL.parse(adEndpoint);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return null;
  }
  const isAzure = url.protocol === "https:" && isAuthorityHost(url.host);
  return isAzure || url.origin === new URL(defaultUrl).origin ? withoutTrailingSlash(url.href) : null;
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
