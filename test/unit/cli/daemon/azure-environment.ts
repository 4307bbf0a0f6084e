import type { Environment } from "../../../../src/cli/environment.ts";

/** The environment of a process that was given nothing. */
export const nobody: Environment = {
  kubernetesHost: undefined,
  kubernetesPort: undefined,
  nodeName: undefined,
  hostIP: undefined,
  path: undefined,
  podName: undefined,
  podNamespace: undefined,
  kubeconfig: undefined,
  isNamespaced: false,
  cloud: undefined,
  tenantID: undefined,
  clientID: undefined,
  clientSecret: undefined,
  clientCertificatePath: undefined,
  clientCertificatePassword: undefined,
  usesManagedIdentity: false,
  userAssignedIdentityID: undefined,
  cloudFile: undefined,
  workloadIdentity: {
    tenantID: undefined,
    clientID: undefined,
    tokenFile: undefined,
    authorityHost: undefined,
  },
};
