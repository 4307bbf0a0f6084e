import { type AssertionContext, refusedAssertion } from "./client-assertion.ts";
import type { Application, Directory } from "./state.ts";

/**
 * The errors this emulator can have cause for, and how Entra sends them: azure.md §3.2, the rest from
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */
export const entraErrors = {
  70003: { status: 400, error: "unsupported_grant_type" },
  70011: { status: 400, error: "invalid_scope" },
  90002: { status: 400, error: "invalid_request" },
  700016: { status: 400, error: "unauthorized_client" },
  700023: { status: 401, error: "invalid_client" },
  700024: { status: 401, error: "invalid_client" },
  700027: { status: 401, error: "invalid_client" },
  700211: { status: 401, error: "invalid_client" },
  700212: { status: 401, error: "invalid_client" },
  700213: { status: 401, error: "invalid_client" },
  900023: { status: 400, error: "invalid_request" },
  900144: { status: 400, error: "invalid_request" },
  1002012: { status: 400, error: "invalid_scope" },
  7000215: { status: 401, error: "invalid_client" },
  7000216: { status: 401, error: "invalid_client" },
} as const;

export interface EntraRefusal {
  readonly kind: "refused";
  readonly code: keyof typeof entraErrors;
  readonly text: string;
}

export type Grant =
  | { readonly kind: "granted"; readonly application: Application; readonly audience: string }
  | EntraRefusal;

/** Null when `tenantID` is one of the directory's tenants. */
export function refusedTenant(directory: Directory, tenantID: string): EntraRefusal | null {
  if (directory.hasTenant(tenantID)) return null;
  // A tenant is named by GUID or domain.
  if (!/^[0-9a-z.-]+$/i.test(tenantID)) {
    return refused(
      900023,
      `Specified tenant identifier '${tenantID}' is neither a valid DNS name, nor a GUID.`,
    );
  }
  return refused(90002, `Tenant '${tenantID}' not found. Check to make sure you have the correct tenant ID.`);
}

/**
 * Judges a token request of the client credentials grant (azure.md §3.1): application, its secret or assertion, and
 * scope. `tenantID` must be known; the order of the checks is [inf].
 */
export function grant(
  directory: Directory,
  tenantID: string,
  form: URLSearchParams,
  context: AssertionContext,
): Grant {
  const missing = ["grant_type", "client_id", "scope"].find((name) => (form.get(name) ?? "") === "");
  if (missing !== undefined) {
    return refused(900144, `The request body must contain the following parameter: '${missing}'.`);
  }
  const grantType = form.get("grant_type");
  if (grantType !== "client_credentials") {
    return refused(70003, `The app requested an unsupported grant type '${grantType}'.`);
  }
  const clientID = form.get("client_id") ?? "";
  const application = directory.application(tenantID, clientID);
  if (application === undefined) {
    const text = `Application with identifier '${clientID}' was not found in the directory '${tenantID}'.`;
    return refused(700016, text);
  }
  const refusal = refusedCredential(application, form, context);
  if (refusal !== null) return refusal;
  const scope = audienceOf(form.get("scope") ?? "");
  return scope.kind === "refused" ? scope : { kind: "granted", application, audience: scope.audience };
}

function refusedCredential(
  application: Application,
  form: URLSearchParams,
  context: AssertionContext,
): EntraRefusal | null {
  const assertion = form.get("client_assertion");
  if (assertion !== null) {
    const refusal = refusedAssertion(application, assertion, context);
    return refusal && refused(refusal.code, refusal.text);
  }
  const secret = form.get("client_secret") ?? "";
  if (secret === "") {
    const text =
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
    return refused(7000216, text);
  }
  if (application.secrets.includes(secret)) return null;
  return refused(
    7000215,
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${application.clientID}'.`,
  );
}

const scopeSuffix = "/.default";

/**
 * A scope's audience is what stands before `/.default`, to the byte: `https://management.azure.com//.default` gives
 * an audience that ends in a slash (azure.md §3.1).
 */
export function audienceOf(
  scope: string,
): { readonly kind: "audience"; readonly audience: string } | EntraRefusal {
  const scopes = scope.split(" ").filter((one) => one !== "");
  if (scopes.length !== 1) {
    return refused(
      70011,
      `The provided request must include a 'scope' input parameter. The scope '${scope}' is not valid.`,
    );
  }
  const [only = ""] = scopes;
  const audience = only.endsWith(scopeSuffix) ? only.slice(0, -scopeSuffix.length) : "";
  if (audience !== "") return { kind: "audience", audience };
  return refused(
    1002012,
    `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  );
}

function refused(code: EntraRefusal["code"], text: string): EntraRefusal {
  return { kind: "refused", code, text };
}
