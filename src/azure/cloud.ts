import { AzureError } from "./errors.ts";

/** The endpoints of one Azure cloud (azure.md §3.5). */
export interface Cloud {
  readonly name: string;
  /** Entra's base URL, without a trailing slash. */
  readonly authorityUrl: string;
  /** ARM's origin, without a trailing slash. */
  readonly armUrl: string;
  /** What a token for ARM is asked for: the resource keeps its slash, hence the double one. */
  readonly armScope: string;
}

/** Where the emulator stands instead of Azure; what is left out stays Azure's. No trailing slashes. */
export interface EndpointOverrides {
  readonly imdsUrl?: string;
  readonly authorityUrl?: string;
  readonly armUrl?: string;
}

/** The clouds whose endpoints are built in, each under all of its names (aad-pod-identity.md §5.7). */
const clouds: readonly (Cloud & { readonly names: readonly string[] })[] = [
  cloud(["AzurePublicCloud", "AzureCloud"], "login.microsoftonline.com", "management.azure.com"),
  cloud(
    ["AzureUSGovernmentCloud", "AzureUSGovernment"],
    "login.microsoftonline.us",
    "management.usgovcloudapi.net",
  ),
  cloud(["AzureChinaCloud"], "login.chinacloudapi.cn", "management.chinacloudapi.cn"),
  cloud(["AzureGermanCloud"], "login.microsoftonline.de", "management.microsoftazure.de"),
];

/** The cloud whose endpoints stand in a file of its own. */
const customCloudName = "AzureStackCloud";

function cloud(
  names: readonly [string, ...string[]],
  authorityHost: string,
  armHost: string,
): Cloud & { readonly names: readonly string[] } {
  return {
    name: names[0],
    names,
    authorityUrl: `https://${authorityHost}`,
    armUrl: `https://${armHost}`,
    armScope: `https://${armHost}//.default`,
  };
}

/** Whether `host` is the login host of an Azure cloud, to which a secret may be sent. */
export function isAuthorityHost(host: string): boolean {
  return clouds.some(({ authorityUrl }) => new URL(authorityUrl).host === host);
}

/** Whether `name`, in any letter case, is the cloud whose endpoints come from a file. */
export function isCustomCloud(name: string): boolean {
  return name.toLowerCase() === customCloudName.toLowerCase();
}

/**
 * Finds a built-in cloud by any of its names, in any letter case. An empty name is the public cloud: NMI has no
 * configuration of its own in aad-pod-identity.
 * @throws AzureError unknown-cloud, also for AzureStackCloud, whose endpoints `parseCustomCloud` reads.
 */
export function findCloud(name: string): Cloud {
  const wanted = (name === "" ? "AzurePublicCloud" : name).toLowerCase();
  const found = clouds.find(({ names }) => names.some((one) => one.toLowerCase() === wanted));
  if (found !== undefined) return found;
  throw unknownCloud(`cloud ${JSON.stringify(name)} is not known`);
}

/** The error for a cloud that is not known, or not named; it lists the names. */
export function unknownCloud(problem: string): AzureError {
  const names = [...clouds.flatMap((one) => one.names), customCloudName].join(", ");
  return new AzureError("unknown-cloud", `${problem}: use one of ${names}`);
}

/** The link-local address of the instance metadata service, the same in every cloud. */
export const azureImdsUrl = "http://169.254.169.254";

/** The path of IMDS's token route (azure.md §1). */
export const imdsTokenPath = "/metadata/identity/oauth2/token";
