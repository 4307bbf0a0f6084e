import { z } from "zod";

import type { Cloud } from "./cloud.ts";
import { AzureError } from "./errors.ts";
import { parseJson } from "./json.ts";

const httpsUrl = z.url({ protocol: /^https$/, error: "write an https URL" });

/**
 * The file that AZURE_ENVIRONMENT_FILEPATH names, as Azure Stack's tools write it: some thirty endpoints and suffixes
 * (go-autorest's azure.Environment), of which podid needs these.
 */
const customCloudSchema = z.object({
  name: z.string().nullish(),
  resourceManagerEndpoint: httpsUrl.refine(isOrigin, "write an https URL without a path"),
  activeDirectoryEndpoint: httpsUrl,
  /** What ARM's tokens are for, where that is not the endpoint itself: https://management.TENANT/GUID on Azure Stack. */
  tokenAudience: z.string().nullish(),
});

/**
 * Reads the endpoints of a cloud of one's own.
 * @throws AzureError config-invalid, which names `path` and the fields.
 */
export function parseCustomCloud(path: string, text: string): Cloud {
  const parsed = customCloudSchema.safeParse(parseJson(text.replace(/^\uFEFF/, "")));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => [...issue.path, issue.message].join(": ")).join(", ");
    throw new AzureError("config-invalid", `the cloud file ${path} cannot be used: ${faults}`);
  }
  const { name, resourceManagerEndpoint, activeDirectoryEndpoint, tokenAudience } = parsed.data;
  const { origin } = new URL(resourceManagerEndpoint);
  const audience = tokenAudience || `${origin}/`;
  return {
    name: name || "AzureStackCloud",
    authorityUrl: activeDirectoryEndpoint.replace(/\/+$/, ""),
    armUrl: origin,
    armScope: `${audience}/.default`,
  };
}

function isOrigin(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.href === `${parsed.origin}/`;
}
