import type { CloudConfig } from "./cloud-config.ts";
import { AzureError } from "./errors.ts";
import type { IdentitySelector } from "./imds-answer.ts";

/** How podid proves itself at Azure. */
export type Login =
  /** `selector` null: the machine's system-assigned identity. */
  | { readonly kind: "managedIdentity"; readonly selector: IdentitySelector | null }
  | (Application & { readonly kind: "secret"; readonly clientSecret: string })
  | (Application & { readonly kind: "certificate"; readonly path: string; readonly password: string })
  | (Application & { readonly kind: "workloadIdentity"; readonly tokenFile: string });

interface Application {
  readonly tenantID: string;
  readonly clientID: string;
}

/** What Azure Workload Identity's webhook puts into a pod; empty where it did not. */
export interface WorkloadIdentityVariables {
  readonly tenantID: string;
  readonly clientID: string;
  readonly tokenFile: string;
}

/** AKS writes this for id and secret of a cluster with a managed identity (azure.md §5). */
const managedIdentityPlaceholder = "msi";

/**
 * Chooses the login that `config` means. What says so outright comes first (federation, then managed identity, as in
 * Azure's cloud provider), then what is given: secret, certificate, and last the webhook's variables.
 * @throws AzureError config-invalid, which names `place`, what lacks, and no value.
 */
export function chooseLogin(place: string, config: CloudConfig, variables: WorkloadIdentityVariables): Login {
  if (config.useFederatedWorkloadIdentityExtension) return federated(place, config, variables);
  if (config.useManagedIdentityExtension || isPlaceholder(config.aadClientId)) {
    return { kind: "managedIdentity", selector: selectorOf(config.userAssignedIdentityID) };
  }
  const { aadClientSecret: clientSecret, aadClientCertPath: path, aadClientCertPassword: password } = config;
  if (clientSecret !== "") return { kind: "secret", ...application(place, config), clientSecret };
  if (path !== "") return { kind: "certificate", ...application(place, config), path, password };
  if (tokenFileOf(config, variables) !== "") return federated(place, config, variables);
  const ways =
    "useManagedIdentityExtension, aadClientSecret, aadClientCertPath or AZURE_FEDERATED_TOKEN_FILE";
  throw invalid(`the controller has no login for Azure: ${place} gives none of ${ways}`);
}

function isPlaceholder(clientID: string): boolean {
  return clientID.toLowerCase() === managedIdentityPlaceholder;
}

/** The reference knows client ids only; a resource id cannot be mistaken for one. */
function selectorOf(userAssignedIdentityID: string): IdentitySelector | null {
  if (userAssignedIdentityID === "") return null;
  const parameter = userAssignedIdentityID.startsWith("/") ? "msi_res_id" : "client_id";
  return { parameter, value: userAssignedIdentityID };
}

function federated(place: string, config: CloudConfig, variables: WorkloadIdentityVariables): Login {
  const tokenFile = tokenFileOf(config, variables);
  if (tokenFile === "") {
    throw invalid(`${place} asks for workload identity without aadFederatedTokenFile: name the token's file`);
  }
  const { tenantID, clientID } = variables;
  const tenantId = config.tenantId || tenantID;
  const aadClientId = isPlaceholder(config.aadClientId) ? clientID : config.aadClientId || clientID;
  return {
    kind: "workloadIdentity",
    ...application(place, { ...config, tenantId, aadClientId }),
    tokenFile,
  };
}

function tokenFileOf(config: CloudConfig, variables: WorkloadIdentityVariables): string {
  return config.aadFederatedTokenFile || variables.tokenFile;
}

function application(place: string, config: CloudConfig): Application {
  const { tenantId, aadClientId, identitySystem } = config;
  const missing = Object.entries({ tenantId, aadClientId }).flatMap(([key, value]) =>
    value === "" ? [key] : [],
  );
  if (missing.length > 0) {
    throw invalid(`the controller has no login for Azure: ${place} lacks ${missing.join(", ")}`);
  }
  if ([tenantId, identitySystem].some((one) => one.toLowerCase() === "adfs")) {
    throw invalid(`${place} logs in at AD FS, which podid does not: use an application of Entra ID`);
  }
  return { tenantID: tenantId, clientID: aadClientId };
}

function invalid(message: string): AzureError {
  return new AzureError("config-invalid", message);
}
