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
