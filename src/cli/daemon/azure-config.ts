import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { type ClientCertificate, parseClientCertificate } from "../../azure/client-certificate.ts";
import { type CloudConfig, parseCloudConfig } from "../../azure/cloud-config.ts";
import { type Cloud, findCloud, isCustomCloud, unknownCloud } from "../../azure/cloud.ts";
import { parseCustomCloud } from "../../azure/custom-cloud.ts";
import { AzureError } from "../../azure/errors.ts";
import { chooseLogin, type Login } from "../../azure/login.ts";
import { toError } from "../../runtime/to-error.ts";
import type { Environment } from "../environment.ts";
import type { Reading } from "../follow-files.ts";

/** Everything that the controller's configuration of Azure says, checked as far as that goes without Azure. */
export interface AzureConfig {
  readonly cloud: Cloud;
  readonly login: Exclude<Login, { readonly kind: "certificate" }> | CertificateLogin;
  /** Client id or resource id of the cluster's own identity, which must never be taken from a machine. */
  readonly clusterIdentity: string | null;
}

type CertificateLogin = Extract<Login, { readonly kind: "certificate" }> & {
  readonly certificate: ClientCertificate;
};

export interface AzureConfigReading extends Reading {
  /** An AzureError tells the person what to do, and quotes no secret. */
  readonly config: AzureConfig | AzureError;
}

/** Where the configuration comes from: the file at `path`, or the environment when that is empty. */
export interface AzureConfigOrigin {
  readonly path: string;
  readonly environment: Environment;
}

/** Reads the configuration and every file that it leads to. Never rejects. */
export async function readAzureConfig(origin: AzureConfigOrigin): Promise<AzureConfigReading> {
  const files = createFileRecord();
  const config = await assemble(origin, files).catch((thrown: unknown) => {
    if (thrown instanceof AzureError) return thrown;
    return new AzureError("config-invalid", "the configuration cannot be read", { cause: thrown });
  });
  return { config, digest: files.digest(), files: files.paths() };
}

/**
 * Finds a cloud by name, an empty one being the public cloud; the endpoints of AzureStackCloud stand in the file that AZURE_ENVIRONMENT_FILEPATH names.
 * @throws AzureError unknown-cloud, config-invalid.
 */
export async function readCloud(
  name: string,
  environment: Environment,
  files: Pick<FileRecord, "read"> = createFileRecord(),
): Promise<Cloud> {
  if (!isCustomCloud(name)) return findCloud(name);
  const { cloudFile } = environment;
  if (cloudFile === undefined) {
    const fix = "set AZURE_ENVIRONMENT_FILEPATH to the file with its endpoints";
    throw new AzureError("config-invalid", `cloud ${name} is described by a file: ${fix}`);
  }
  const content = await files.read("the cloud file", cloudFile);
  return parseCustomCloud(cloudFile, content.toString("utf8"));
}

async function assemble(origin: AzureConfigOrigin, files: FileRecord): Promise<AzureConfig> {
  const { path, environment } = origin;
  const place = path === "" ? "the environment (TENANT_ID, CLIENT_ID, CLIENT_SECRET, USE_MSI, CLOUD)" : path;
  const config = path === "" ? fromEnvironment(environment) : await readFileConfig(path, files);
  const { workloadIdentity } = environment;
  const { tenantID = "", clientID = "", tokenFile = "" } = workloadIdentity;
  const login = chooseLogin(place, config, { tenantID, clientID, tokenFile });
  if (config.cloud === "") throw unknownCloud(`${place} names no cloud`);
  const cloud = await readCloud(config.cloud, environment, files);
  const clusterIdentity = config.userAssignedIdentityID || null;
  if (login.kind === "workloadIdentity") {
    return { cloud: authorityFor(cloud, workloadIdentity.authorityHost), login, clusterIdentity };
  }
  if (login.kind !== "certificate") return { cloud, login, clusterIdentity };
  const content = await files.read("the certificate file", login.path);
  const certificate = parseClientCertificate(login.path, content, login.password);
  return { cloud, login: { ...login, certificate }, clusterIdentity };
}

/** The webhook knows the cloud's login from its own configuration. */
function authorityFor(cloud: Cloud, authorityHost: string | undefined): Cloud {
  if (authorityHost === undefined) return cloud;
  const url = URL.parse(authorityHost);
  if (url?.protocol === "https:" && url.search === "" && url.hash === "" && url.username === "") {
    return { ...cloud, authorityUrl: url.href.replace(/\/+$/, "") };
  }
  throw new AzureError("config-invalid", "AZURE_AUTHORITY_HOST is not the https URL of a login");
}

function fromEnvironment(environment: Environment): CloudConfig {
  return parseCloudConfig("the environment", {
    cloud: environment.cloud,
    tenantId: environment.tenantID,
    aadClientId: environment.clientID,
    aadClientSecret: environment.clientSecret,
    aadClientCertPath: environment.clientCertificatePath,
    aadClientCertPassword: environment.clientCertificatePassword,
    useManagedIdentityExtension: environment.usesManagedIdentity,
    userAssignedIdentityID: environment.userAssignedIdentityID,
  });
}

async function readFileConfig(path: string, files: FileRecord): Promise<CloudConfig> {
  const content = await files.read("--cloudconfig", path);
  return parseCloudConfig(path, await parseYaml(path, content.toString("utf8")));
}

const numbers = new Set(["tag:yaml.org,2002:int", "tag:yaml.org,2002:float"]);

/** YAML, as the reference reads it, so that JSON works too. No message quotes the file: it holds a secret. */
async function parseYaml(path: string, text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text, {
      logLevel: "error", // its warnings go to standard error, with the text
      prettyErrors: false,
      // An id or a secret of digits alone is text too, whether quoted or not.
      customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !numbers.has(tag.tag)),
    });
  } catch {
    throw new AzureError("config-invalid", `${path} is not an azure.json: it is neither YAML nor JSON`);
  }
}

/** Remembers which files were read, and what they said, as a hash. */
interface FileRecord {
  /** @throws AzureError config-invalid, which calls the file by `name`, when it cannot be read. */
  read(name: string, path: string): Promise<Buffer>;
  paths(): readonly string[];
  digest(): string;
}

function createFileRecord(): FileRecord {
  const paths: string[] = [];
  const hash = createHash("sha256");
  const note = (path: string, content: Buffer | string): void => {
    paths.push(path);
    hash.update(JSON.stringify([path, content.length])).update(content);
  };
  return {
    read: async (name, path) => {
      const content = await readFile(path).catch(toError);
      if (content instanceof Error) {
        note(path, content.message);
        throw new AzureError("config-invalid", `${name} ${path} cannot be read: ${content.message}`);
      }
      note(path, content);
      return content;
    },
    paths: () => paths,
    digest: () => hash.copy().digest("hex"),
  };
}
