import { readFile } from "node:fs/promises";

import { z } from "zod";

import { findCloud, type Cloud, type EndpointOverrides } from "../../azure/cloud.ts";
import { createSecretCredential, type Credential } from "../../azure/credential.ts";
import { AzureError } from "../../azure/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { toError } from "../../runtime/to-error.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";

/** The keys of azure.json that podid reads; the file has many more (reference/aad-pod-identity.md §5.7). */
const cloudConfigSchema = z.object({
  cloud: z.string().default(""),
  tenantId: z.string().default(""),
  aadClientId: z.string().default(""),
  aadClientSecret: z.string().default(""),
});
type CloudConfig = z.infer<typeof cloudConfigSchema>;

const endpointsSchema = z.strictObject({
  imdsUrl: z.url().optional(),
  authorityUrl: z.url().optional(),
  armUrl: z.url().optional(),
});

/** The cloud, and the controller's own login at it. */
export interface AzureAccess {
  readonly cloud: Cloud;
  readonly credential: Credential;
}

/**
 * Reads azure.json at `path`, or the environment when that is empty.
 * @throws CommandError 3 when the file cannot be read or the login is not complete.
 */
export async function readAzureAccess(options: {
  readonly clock: Clock;
  readonly path: string;
  readonly environment: Environment;
  readonly endpoints: EndpointOverrides;
}): Promise<AzureAccess> {
  const { clock, path, environment, endpoints } = options;
  const config = path === "" ? fromEnvironment(environment) : await readCloudConfig(path);
  const missing = (["tenantId", "aadClientId", "aadClientSecret"] as const).filter(
    (key) => config[key] === "",
  );
  if (missing.length > 0) {
    const where = path === "" ? "the environment (TENANT_ID, CLIENT_ID, CLIENT_SECRET)" : path;
    throw new CommandError(3, `the controller has no login for Azure: ${where} lacks ${missing.join(", ")}`);
  }
  const cloud = cloudNamed(config.cloud);
  const credential = createSecretCredential({
    clock,
    cloud,
    endpoints,
    tenantID: config.tenantId,
    clientID: config.aadClientId,
    clientSecret: config.aadClientSecret,
  });
  return { cloud, credential };
}

/**
 * The built-in cloud of this name; empty: the public one.
 * @throws CommandError 2 for any other name.
 */
export function cloudNamed(name: string): Cloud {
  try {
    return findCloud(name);
  } catch (cause) {
    if (!(cause instanceof AzureError)) throw cause;
    throw new CommandError(2, cause.message, { cause });
  }
}

/**
 * Where an emulated Azure listens: only for tests and development, since whoever serves these addresses
 * gets podid's secrets. An empty path means Azure itself.
 * @throws CommandError 2 when the file is not of that form.
 */
export async function readEndpoints(path: string): Promise<EndpointOverrides> {
  if (path === "") return {};
  try {
    const { imdsUrl, authorityUrl, armUrl } = endpointsSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return {
      ...(imdsUrl === undefined ? {} : { imdsUrl }),
      ...(authorityUrl === undefined ? {} : { authorityUrl }),
      ...(armUrl === undefined ? {} : { armUrl }),
    };
  } catch (cause) {
    throw new CommandError(2, `--azure-endpoints ${path}: ${toError(cause).message}`, { cause });
  }
}

function fromEnvironment({ cloud, tenantID, clientID, clientSecret }: Environment): CloudConfig {
  return {
    cloud: cloud ?? "",
    tenantId: tenantID ?? "",
    aadClientId: clientID ?? "",
    aadClientSecret: clientSecret ?? "",
  };
}

/** YAML, as the reference reads it, so that JSON works too. The message must not quote the file: it holds a secret. */
async function readCloudConfig(path: string): Promise<CloudConfig> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError(3, `--cloudconfig ${path} cannot be read: ${toError(cause).message}`, { cause });
  });
  const { parse } = await import("yaml");
  try {
    return cloudConfigSchema.parse(parse(text, { prettyErrors: false }));
  } catch (cause) {
    throw new CommandError(3, `--cloudconfig ${path} is not an azure.json: ${formFault(cause)}`, { cause });
  }
}

function formFault(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return "it is neither YAML nor JSON";
  return cause.issues.map(({ path, code }) => `${path.join(".")}: ${code}`).join(", ");
}
