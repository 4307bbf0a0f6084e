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

const clouds: readonly Cloud[] = [
  cloud("AzurePublicCloud", "login.microsoftonline.com", "management.azure.com"),
  cloud("AzureUSGovernmentCloud", "login.microsoftonline.us", "management.usgovcloudapi.net"),
  cloud("AzureChinaCloud", "login.chinacloudapi.cn", "management.chinacloudapi.cn"),
  cloud("AzureGermanCloud", "login.microsoftonline.de", "management.microsoftazure.de"),
];

function cloud(name: string, authorityHost: string, armHost: string): Cloud {
  return {
    name,
    authorityUrl: `https://${authorityHost}`,
    armUrl: `https://${armHost}`,
    armScope: `https://${armHost}//.default`,
  };
}

/** Whether `host` is the login host of an Azure cloud, to which a secret may be sent. */
export function isAuthorityHost(host: string): boolean {
  return clouds.some(({ authorityUrl }) => new URL(authorityUrl).host === host);
}

/**
 * Finds a cloud by name, in any letter case; an empty name is the public cloud, as in aad-pod-identity.
 * @throws AzureError unknown-cloud, AzureStackCloud included: its endpoints come from a file.
 */
export function findCloud(name: string): Cloud {
  const wanted = (name === "" ? "AzurePublicCloud" : name).toLowerCase();
  const found = clouds.find((one) => one.name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const names = clouds.map((one) => one.name).join(", ");
  throw new AzureError("unknown-cloud", `cloud "${name}" is not known: use one of ${names}`);
}

/** The link-local address of the instance metadata service, the same in every cloud. */
export const azureImdsUrl = "http://169.254.169.254";

/** The path of IMDS's token route (azure.md §1). */
export const imdsTokenPath = "/metadata/identity/oauth2/token";
