import { isIPv6 } from "node:net";
import { join } from "node:path";

import type { Clock } from "../runtime/clock.ts";
import type { Connection, TlsSettings } from "./connection.ts";
import { KubernetesError } from "./errors.ts";
import { createFreshFile } from "./fresh-file.ts";

/**
 * The way from inside a pod: its service account's files, and the two variables that the kubelet sets.
 * Token and CA are looked at again each minute, because both are replaced while the pod runs.
 * @throws KubernetesError `ConfigUnusable` when a variable or a file is missing.
 */
export async function connectAsServiceAccount(options: {
  readonly clock: Clock;
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; undefined where they are not set. */
  readonly host: string | undefined;
  readonly port: string | undefined;
  /** Another folder than a pod's own, for tests. */
  readonly directory?: string;
}): Promise<Connection> {
  const {
    clock,
    host = "",
    port = "",
    directory = "/var/run/secrets/kubernetes.io/serviceaccount",
  } = options;
  if (host === "" || port === "") {
    throw new KubernetesError(
      "ConfigUnusable",
      "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig",
    );
  }
  const token = createFreshFile(clock, join(directory, "token"));
  const authority = createFreshFile(clock, join(directory, "ca.crt"));
  const namespace = await createFreshFile(clock, join(directory, "namespace")).read();
  await token.read();
  let tls: TlsSettings = { ca: await authority.read() };
  return {
    url: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace,
    tls: async () => {
      const ca = await authority.read();
      if (ca !== tls.ca) tls = { ca };
      return tls;
    },
    authorization: async (renew) => `Bearer ${await token.read(renew)}`,
  };
}
