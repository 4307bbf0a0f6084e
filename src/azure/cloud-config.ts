import { z } from "zod";

import { AzureError } from "./errors.ts";

/** Templates leave keys empty, or null, where there is nothing to say. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const id = text.transform((value) => value.trim());
const toggle = z
  .union([z.boolean(), z.string().regex(/^(?:true|false)?$/i)])
  .nullish()
  .transform((value) => String(value ?? false).toLowerCase() === "true");

/**
 * The keys of azure.json that podid reads (aad-pod-identity.md §5.7, azure.md §5); the file has many more. Where nodes
 * are (subscription, resource group, kind of machine) is not among them: each node's providerID says it.
 */
const cloudConfigSchema = z.object({
  cloud: id,
  tenantId: id,
  aadClientId: id,
  aadClientSecret: text,
  aadClientCertPath: text,
  aadClientCertPassword: text,
  useManagedIdentityExtension: toggle,
  userAssignedIdentityID: id,
  useFederatedWorkloadIdentityExtension: toggle,
  aadFederatedTokenFile: text,
  identitySystem: id,
});

/** What the file or the environment says; what is not given is empty or false. */
export type CloudConfig = z.infer<typeof cloudConfigSchema>;

/**
 * Checks the form of `value`, an azure.json that was parsed as YAML; an empty document is an empty configuration.
 * @throws AzureError config-invalid, which names `place` and the keys, and quotes no value.
 */
export function parseCloudConfig(place: string, value: unknown): CloudConfig {
  const parsed = cloudConfigSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "the whole"} is of another form`,
  );
  throw new AzureError("config-invalid", `${place} is not an azure.json: ${faults.join(", ")}`);
}
