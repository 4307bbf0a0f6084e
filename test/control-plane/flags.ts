import { join } from "node:path";

/** How a control plane differs from the usual one. */
export interface PlaneOptions {
  /** More flags of kube-apiserver; they stand last, so they win. */
  readonly apiServerFlags?: readonly string[];
  /** For example `{ WatchList: false }`, an API server without streaming lists. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /**
   * Whether pods need an existing service account and get its token mounted. Off by default, since
   * no controller makes the account `default` here.
   */
  readonly serviceAccountAdmission?: boolean;
  /** Users with a fixed bearer token. */
  readonly tokens?: readonly StaticToken[];
}

export interface StaticToken {
  readonly token: string;
  readonly user: string;
  readonly groups?: readonly string[];
}

/** The arguments of etcd (reference/kubernetes.md §2.1): it votes at once and trusts the page cache. */
export function etcdFlags(folder: string, etcdUrl: string): readonly string[] {
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    "--listen-peer-urls=http://127.0.0.1:0",
    "--unsafe-no-fsync",
    "--watch-progress-notify-interval=5s",
    "--heartbeat-interval=10",
    "--election-timeout=50",
    "--log-level=warn",
  ];
}

/** The arguments of kube-apiserver (reference/kubernetes.md §2.1), with RBAC and the Node authorizer. */
export function apiServerFlags(
  folder: string,
  etcdUrl: string,
  port: number,
  options: PlaneOptions,
): readonly string[] {
  const gates = Object.entries(options.featureGates ?? {}).map(([gate, on]) => `${gate}=${on}`);
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    // Without it `jwks_uri` names the outer address of the host.
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, "certs")}`,
    `--tls-cert-file=${join(folder, "srv.crt")}`,
    `--tls-private-key-file=${join(folder, "srv.key")}`,
    `--client-ca-file=${join(folder, "ca.crt")}`,
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    ...(options.serviceAccountAdmission === true ? [] : ["--disable-admission-plugins=ServiceAccount"]),
    `--service-account-issuer=https://127.0.0.1:${port}`,
    `--service-account-key-file=${join(folder, "sa.pub")}`,
    `--service-account-signing-key-file=${join(folder, "sa.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
    ...(gates.length > 0 ? [`--feature-gates=${gates.join(",")}`] : []),
    ...(options.apiServerFlags ?? []),
  ];
}
