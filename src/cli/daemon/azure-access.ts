import { readFile } from "node:fs/promises";

import { z } from "zod";

import type { Cloud, EndpointOverrides } from "../../azure/cloud.ts";
import {
  createCertificateCredential,
  createManagedIdentityCredential,
  createSecretCredential,
  createWorkloadIdentityCredential,
  type Credential,
} from "../../azure/credential.ts";
import { AzureError } from "../../azure/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { toError } from "../../runtime/to-error.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { followFiles, type WatchFolder } from "../follow-files.ts";
import { countConfigLoads } from "./azure-config-metrics.ts";
import {
  type AzureConfig,
  type AzureConfigOrigin,
  type AzureConfigReading,
  readAzureConfig,
  readCloud,
} from "./azure-config.ts";

/** The cloud, and the controller's own login at it, which follows its files. */
export interface AzureAccess {
  readonly cloud: Cloud;
  /** Always the login of the last good configuration; whoever holds this need not hear of a new one. */
  readonly credential: Credential;
  /**
   * Client ids or resource ids of the cluster's own identity (userAssignedIdentityID), never to be removed from a
   * machine: those of every configuration since the start, since the one before may still be what kubelets use.
   */
  clusterIdentities(): readonly string[];
  /** Why what lies on disk is not what serves; null when it is. */
  lastFault(): string | null;
  close(): Promise<void>;
}

export interface AzureAccessOptions extends AzureConfigOrigin {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly endpoints: EndpointOverrides;
  /** By default what Node offers. */
  readonly watchFolder?: WatchFolder;
}

/**
 * Reads azure.json at `path`, or the environment when that is empty, and follows the file from then on, with those
 * that it leads to: certificate, endpoints of a custom cloud. (The token file of workload identity is read for each
 * token.) A new configuration replaces the old one as a whole or not at all.
 * @throws CommandError 2 for an unknown cloud, 3 when there is no usable configuration.
 */
export async function openAzureAccess(options: AzureAccessOptions): Promise<AzureAccess> {
  const { clock, log, path } = options;
  const first = await readAzureConfig(options);
  const served = start(options, first.config);
  const serving = createServing(options, served);
  const following = followFiles({
    clock,
    first,
    read: () => readAzureConfig(options),
    onChange: serving.take,
    ...(options.watchFolder === undefined ? {} : { watchFolder: options.watchFolder }),
  });
  const { cloud, login } = served.config;
  log.info({ cloud: cloud.name, login: login.kind, file: path }, "access to Azure is configured");
  return { ...serving.access, close: () => following.stop() };
}

/** What serves: one value, so that no caller sees a part of the old and a part of the new. */
interface Served {
  readonly config: AzureConfig;
  readonly credential: Credential;
}

interface Serving {
  readonly access: Omit<AzureAccess, "close">;
  /** Puts what was read in the place of what serves, if it is good. */
  readonly take: (reading: AzureConfigReading) => void;
}

function createServing(options: AzureAccessOptions, served: Served): Serving {
  const { log, metrics, path: file } = options;
  const { cloud } = served.config;
  let current = served;
  let fault: string | null = null;
  const clusterIdentities = new Set(namesOf(current.config));
  const count = countConfigLoads(metrics);

  const take: Serving["take"] = ({ config }) => {
    try {
      current = replace(options, current, config);
      for (const name of namesOf(current.config)) clusterIdentities.add(name);
      fault = null;
      count("loaded");
      log.info({ file, login: current.config.login.kind }, "a new cloud configuration serves");
    } catch (thrown) {
      const reason = toError(thrown).message;
      if (reason !== fault) log.error({ file, reason }, refusedMessage);
      fault = reason;
      count("refused");
    }
  };
  return {
    access: {
      cloud,
      credential: { getToken: (scopes) => current.credential.getToken(scopes) },
      clusterIdentities: () => [...clusterIdentities],
      lastFault: () => fault,
    },
    take,
  };
}

function namesOf({ clusterIdentity }: AzureConfig): readonly string[] {
  return clusterIdentity === null ? [] : [clusterIdentity];
}

const refusedMessage = "cloud configuration refused; the last good one goes on serving";

/** @throws AzureError when `config` is none, or cannot take the place of what serves. */
function replace(options: AzureAccessOptions, served: Served, config: AzureConfig | AzureError): Served {
  if (config instanceof AzureError) throw config;
  // The machines of a cluster do not move: what waits at the gate, and what ARM was asked already, is of this cloud.
  const { cloud: old } = served.config;
  if (config.cloud.armUrl !== old.armUrl || config.cloud.armScope !== old.armScope) {
    const change = `from ${old.name} at ${old.armUrl} to ${config.cloud.name} at ${config.cloud.armUrl}`;
    throw new AzureError("config-invalid", `the cloud changes ${change}: restart the controller for that`);
  }
  return serve(options, config);
}

/** @throws CommandError when there is nothing to start with. */
function start(options: AzureAccessOptions, config: AzureConfig | AzureError): Served {
  try {
    if (config instanceof AzureError) throw config;
    return serve(options, config);
  } catch (cause) {
    throw commandErrorOf(cause);
  }
}

function serve(options: AzureAccessOptions, config: AzureConfig): Served {
  return { config, credential: createCredential(options, config) };
}

function createCredential({ clock, endpoints }: AzureAccessOptions, config: AzureConfig): Credential {
  const { cloud, login } = config;
  const place = { clock, cloud, endpoints };
  if (login.kind === "managedIdentity") return createManagedIdentityCredential({ ...place, ...login });
  if (login.kind === "secret") return createSecretCredential({ ...place, ...login });
  if (login.kind === "certificate") return createCertificateCredential({ ...place, ...login });
  const readToken = (): Promise<string> => readFile(login.tokenFile, "utf8");
  return createWorkloadIdentityCredential({ ...place, ...login, readToken });
}

/**
 * The cloud of this name.
 * @throws CommandError 2 for an unknown one, 3 for a file of endpoints that is not usable.
 */
export async function cloudNamed(name: string, environment: Environment): Promise<Cloud> {
  try {
    return await readCloud(name, environment);
  } catch (cause) {
    throw commandErrorOf(cause);
  }
}

function commandErrorOf(cause: unknown): Error {
  if (!(cause instanceof AzureError)) return toError(cause);
  return new CommandError(cause.code === "unknown-cloud" ? 2 : 3, cause.message, { cause });
}

const endpointsSchema = z.strictObject({
  imdsUrl: z.url().optional(),
  authorityUrl: z.url().optional(),
  armUrl: z.url().optional(),
});

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
