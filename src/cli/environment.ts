/** Variables that would aim our own Azure SDKs elsewhere (reference/azure.md §3.3). */
const redirecting = [
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "MSI_ENDPOINT",
  "MSI_SECRET",
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
];

/** Removes them, so that NMI never asks itself or a stranger for a token. */
export function clearRedirectingVariables(): void {
  for (const variable of redirecting) delete process.env[variable];
}

/** What podid reads from the environment; an empty variable is none. */
export interface Environment {
  /** The kubelet sets both in every container. */
  readonly kubernetesHost: string | undefined;
  readonly kubernetesPort: string | undefined;
  readonly nodeName: string | undefined;
  /** The node's own address, as the manifests of aad-pod-identity give it. */
  readonly hostIP: string | undefined;
  /** Folders of programs. */
  readonly path: string | undefined;
  readonly podName: string | undefined;
  readonly podNamespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly isNamespaced: boolean;
  /** The controller's own login (reference/aad-pod-identity.md §5.7), or in the names of the Azure SDKs. */
  readonly cloud: string | undefined;
  readonly tenantID: string | undefined;
  readonly clientID: string | undefined;
  readonly clientSecret: string | undefined;
  readonly clientCertificatePath: string | undefined;
  readonly clientCertificatePassword: string | undefined;
  readonly usesManagedIdentity: boolean;
  readonly userAssignedIdentityID: string | undefined;
  /** File with the endpoints of AzureStackCloud. */
  readonly cloudFile: string | undefined;
  /** What Azure Workload Identity's webhook puts into a pod. */
  readonly workloadIdentity: {
    readonly tenantID: string | undefined;
    readonly clientID: string | undefined;
    readonly tokenFile: string | undefined;
    readonly authorityHost: string | undefined;
  };
}

/** Reads them all, once, at the start of a command. */
export function readEnvironment(): Environment {
  return {
    kubernetesHost: read("KUBERNETES_SERVICE_HOST"),
    kubernetesPort: read("KUBERNETES_SERVICE_PORT"),
    nodeName: read("NODE_NAME"),
    hostIP: read("HOST_IP"),
    path: read("PATH"),
    podName: read("POD_NAME", "HOSTNAME"),
    podNamespace: read("MIC_POD_NAMESPACE", "POD_NAMESPACE"),
    kubeconfig: read("KUBECONFIG"),
    isNamespaced: read("FORCENAMESPACED")?.toLowerCase() === "true",
    cloud: read("CLOUD", "AZURE_ENVIRONMENT"),
    tenantID: read("TENANT_ID", "AZURE_TENANT_ID"),
    clientID: read("CLIENT_ID", "AZURE_CLIENT_ID"),
    clientSecret: read("CLIENT_SECRET", "AZURE_CLIENT_SECRET"),
    clientCertificatePath: read("AZURE_CLIENT_CERTIFICATE_PATH"),
    clientCertificatePassword: read("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    usesManagedIdentity: read("USE_MSI")?.toLowerCase() === "true",
    userAssignedIdentityID: read("USER_ASSIGNED_MSI_CLIENT_ID"),
    cloudFile: read("AZURE_ENVIRONMENT_FILEPATH"),
    workloadIdentity: {
      tenantID: read("AZURE_TENANT_ID"),
      clientID: read("AZURE_CLIENT_ID"),
      tokenFile: read("AZURE_FEDERATED_TOKEN_FILE"),
      authorityHost: read("AZURE_AUTHORITY_HOST"),
    },
  };
}

function read(...names: readonly string[]): string | undefined {
  return names.map((name) => process.env[name]).find((value) => value !== undefined && value !== "");
}
