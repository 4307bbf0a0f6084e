import { promises as fs } from "node:fs";
import type { RequestOptions } from "node:https";
import { dirname, resolve } from "node:path";

import type { KubeConfig, User } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";

import type { Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import type { Connection, TlsSettings } from "./connection.ts";
import { KubernetesError } from "./errors.ts";
import { createFreshFile, type FreshFile } from "./fresh-file.ts";

/**
 * The way that a kubeconfig file describes, in its current context unless another is named. Certificates,
 * tokens, token files and exec plugins serve; everything is asked anew for each request, so that renewed
 * credentials are used (reference/kubernetes.md §5.5).
 * @throws KubernetesError `ConfigUnusable` when the file cannot be used, or holds a way that would silently
 *   be another one here: no credential at all, a proxy, impersonation.
 */
export async function connectByKubeconfig(options: {
  readonly clock: Clock;
  readonly path: string;
  readonly context?: string;
}): Promise<Connection> {
  const { clock, path } = options;
  // Loaded only here: it costs an in-cluster daemon 50 MB (reference/kubernetes.md §5.7).
  const { KubeConfig: Config } = await import("@kubernetes/client-node");
  const config = new Config();
  try {
    config.loadFromFile(path);
  } catch (thrown) {
    throw new KubernetesError("ConfigUnusable", `${path} cannot be read: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getCurrentContext();
  const refuse = (problem: string): KubernetesError =>
    new KubernetesError("ConfigUnusable", `${path}, context ${JSON.stringify(context)}: ${problem}`);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw refuse("it names no cluster that the file has");
  const user = config.getCurrentUser();
  const unusable = cluster.proxyUrl === undefined ? problemOf(user) : "proxy-url is not supported";
  if (unusable !== null) throw refuse(unusable);
  const connection = connectionOf(config, {
    url: cluster.server,
    tokenFile: await findTokenFile(clock, path, user?.name),
    fault: (thrown) => refuse(`its credentials cannot be had: ${toError(thrown).message}`),
  });
  // client-node would go on as nobody, whom most servers let see a little.
  const isNobody =
    (await connection.tls()).cert === undefined && (await connection.authorization(false)) === null;
  if (isNobody) throw refuse("its user has neither a certificate nor a token");
  return connection;
}

function problemOf(user: User | null): string | null {
  if (user === null) return "it names no user that the file has";
  if (user.impersonateUser !== undefined) return "impersonation (as) is not supported";
  if (user.username !== undefined) return "user names with passwords are not supported";
  return null;
}

function connectionOf(
  config: KubeConfig,
  parts: {
    readonly url: string;
    readonly tokenFile: FreshFile | null;
    readonly fault: (thrown: unknown) => KubernetesError;
  },
): Connection {
  const { url, tokenFile, fault } = parts;
  let held: { readonly tls: TlsSettings; readonly text: string } = { tls: {}, text: "" };
  const read = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (thrown) {
      throw fault(thrown);
    }
    return options;
  };
  return {
    url,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    tls: async () => {
      const tls = tlsOf(await read());
      const text = JSON.stringify(tls);
      if (text !== held.text) held = { tls, text };
      return held.tls;
    },
    authorization: async (renew) => {
      if (tokenFile !== null) return `Bearer ${await tokenFile.read(renew)}`;
      const { headers } = await read();
      const value = new Map(Object.entries(headers ?? {})).get("Authorization");
      return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
    },
  };
}

function tlsOf(options: RequestOptions): TlsSettings {
  const { passphrase, servername, rejectUnauthorized } = options;
  return {
    ...pem("ca", options.ca),
    ...pem("cert", options.cert),
    ...pem("key", options.key),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

function pem(name: "ca" | "cert" | "key", value: unknown): TlsSettings {
  return typeof value === "string" || Buffer.isBuffer(value) ? { [name]: value } : {};
}

const userEntries = z.object({
  users: z.array(
    z.object({ name: z.string(), user: z.object({ tokenFile: z.string().optional() }).nullish() }),
  ),
});

/** client-node passes over `tokenFile`, and the request would go out anonymously. */
async function findTokenFile(
  clock: Clock,
  path: string,
  name: string | undefined,
): Promise<FreshFile | null> {
  const entries = userEntries.safeParse(parse(await fs.readFile(path, "utf8"))).data?.users ?? [];
  const tokenFile = entries.find((entry) => entry.name === name)?.user?.tokenFile;
  return tokenFile === undefined ? null : createFreshFile(clock, resolve(dirname(path), tokenFile));
}
