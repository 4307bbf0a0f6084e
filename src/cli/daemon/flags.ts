import { metadataAreas } from "../../nmi/request-path.ts";
import {
  count,
  oneOf,
  port,
  printable,
  rate,
  someOf,
  span,
  spanOrNever,
  text,
  toggle,
  withoutEffect,
} from "./go-flags.ts";

/**
 * Every flag of MIC and NMI under its own name and with its own default (reference/aad-pod-identity.md
 * §6.1, §6.2), and podid's own beside them. Spans are in milliseconds, initial ones too.
 */

const structured = "podid writes JSON lines to standard output; --log-level says how many";
const klogFlags = {
  v: withoutEffect(count(0, "verbosity"), structured),
  vmodule: withoutEffect(text("", "verbosity by file"), structured),
  logtostderr: withoutEffect(toggle(true, "log to standard error"), structured),
  alsologtostderr: withoutEffect(toggle(false, "log to standard error too"), structured),
  log_dir: withoutEffect(text("", "folder of log files"), structured),
  log_file: withoutEffect(text("", "log file"), structured),
  log_file_max_size: withoutEffect(count(1800, "megabytes"), structured),
  stderrthreshold: withoutEffect(count(2, "severity"), structured),
  skip_headers: withoutEffect(toggle(false, "no headers"), structured),
  skip_log_headers: withoutEffect(toggle(false, "no file headers"), structured),
  add_dir_header: withoutEffect(toggle(false, "folder in headers"), structured),
  one_output: withoutEffect(toggle(false, "one severity"), structured),
  log_backtrace_at: withoutEffect(text("", "stack traces"), structured),
  "log-format": withoutEffect(oneOf("text", ["text", "json"], "form of log lines"), structured),
};

/** What both daemons have. */
export const commonFlags = {
  kubeconfig: text("", "kubeconfig file; without it and --manifests: the service account of the pod"),
  "service-account-dir": text(
    "/var/run/secrets/kubernetes.io/serviceaccount",
    "folder with token, ca.crt and namespace of the pod's service account",
  ),
  manifests: text("", "folder of YAML manifests in place of a cluster"),
  policy: text("", "policy bundle, followed when it is replaced; empty: the one that ships with podid"),
  "decision-log": text(
    "",
    "file that each decision of the policy is appended to as a JSON line; -: standard output",
  ),
  "log-level": oneOf("info", ["debug", "info", "warn", "error"], "least level of log lines"),
  "probe-address": text("0.0.0.0", "address of /healthz, /readyz and /metrics"),
  forceNamespaced: toggle(
    false,
    "identities serve pods of their own namespace only; also FORCENAMESPACED=true",
  ),
  "http-probe-port": port(8080, "port of /healthz and /readyz"),
  "azure-endpoints": text(
    "",
    "for tests: JSON file with imdsUrl, authorityUrl and armUrl of an emulated Azure",
  ),
  version: toggle(false, "print the version and end"),
  enableProfile: withoutEffect(toggle(false, "profiling"), "start Node with --inspect or --cpu-prof instead"),
  "custom-user-agent": printable("", "what requests to the API server add to their User-Agent"),
  ...klogFlags,
};

/** Flags of `podid controller`, the MIC of aad-pod-identity. */
export const controllerFlags = {
  ...commonFlags,
  cloudconfig: text(
    "",
    "azure.json with the cloud and the controller's own login, followed when it is replaced; empty: the environment",
  ),
  "leader-election-instance": text("", "name of this candidate; empty: $POD_NAME, else $HOSTNAME"),
  "leader-election-namespace": text(
    "",
    "namespace of the Lease; empty: the pod's own ($POD_NAMESPACE, or its service account's), else podid-system",
  ),
  "leader-election-name": text("aad-pod-identity-mic", "name of the Lease"),
  "leader-election-duration": span(15_000, "how long others wait for a silent leader"),
  "prometheus-port": port(8888, "port of /metrics"),
  "grant-retention": span(30 * 86_400_000, "how long ended grants and their approvals are kept"),
  drain: toggle(
    false,
    "take away every identity that was assigned, and every AzureAssignedIdentity with its finalizer, then end",
  ),
  "drain-timeout": span(600_000, "how long --drain tries; then it says what is left and fails"),
  syncRetryDuration: span(3_600_000, "everything is looked at again after this, and every 5 minutes anyway"),
  clientQps: rate(
    5,
    "at most so many requests per second to the API server; unless given, as many as the API server takes",
  ),
  enableScaleFeatures: withoutEffect(toggle(false, "scale features"), "they are always on"),
  createDeleteBatch: withoutEffect(
    count(20, "writes at a time for a node"),
    "writes share the controller's few connections",
  ),
  "immutable-user-msis": text(
    "",
    "client ids or resource ids, separated by commas, of identities never to be removed from a VM or scale set",
  ),
  "enable-type-upgrade": toggle(
    true,
    "store objects of before aad-pod-identity 1.6 anew, with today's field names, once for a cluster",
  ),
  "config-map-name": text(
    "aad-pod-identity-config",
    "ConfigMap, in the controller's namespace, that says whether that was done",
  ),
  "type-upgrade-status-key": text("type-upgrade-status", "the key in it"),
  "update-user-msi-max-retry": withoutEffect(
    count(2, "attempts"),
    "failures are tried again until they heal",
  ),
  "update-user-msi-retry-interval": withoutEffect(
    span(1000, "pause"),
    "pauses grow: for a target from 1 to 60 seconds, for an identity that Azure refuses from 15 seconds to an hour",
  ),
  // Each time one read for each VM and scale set, of 25 a second that ARM grants a subscription (reference/azure.md).
  "identity-assignment-reconcile-interval": spanOrNever(
    180_000,
    30_000,
    "how often identities that others took off VMs and scale sets are put back, 30s at least; 0: never",
  ),
};

/** Flags of `podid nmi`, the NMI of aad-pod-identity. */
export const nmiFlags = {
  ...commonFlags,
  node: text("", "name of the node whose pods are served; empty: $NODE_NAME"),
  "nmi-listen-address": text(
    "127.0.0.1",
    "address that serves tokens; with --redirect an address of the node: $HOST_IP unless given, else that of its route",
  ),
  "nmi-port": port(2579, "port that serves tokens; 0: any free one"),
  "metadata-ip": text("169.254.169.254", "address that pods know the metadata service by"),
  "prometheus-port": port(9090, "port of /metrics"),
  "operation-mode": oneOf(
    "standard",
    ["standard", "managed"],
    "managed: somebody else puts identities on VMs, nothing is waited for; needs --forceNamespaced",
  ),
  "metadata-port": port(80, "port that pods know the metadata service by"),
  redirect: oneOf(
    "",
    ["auto", "nft", "iptables", "off"],
    "rules that lead pods to NMI and keep them from the real metadata service; auto: nft, else iptables; unless given: auto, and off with --kubeconfig or --manifests",
  ),
  "ipt-update-interval-sec": count(60, "seconds between looks at the node's rules, 5 at most"),
  "remove-rules": toggle(false, "take away the node's rules, then end; end the agent first"),
  "allow-network-plugin-kubenet": toggle(
    false,
    "work on a node with kubenet as well, where a pod with NET_RAW can take another's address and identity",
  ),
  "kubelet-config": text("/etc/default/kubelet", "the kubelet's options, which say whether that is so"),
  "enable-conntrack-deletion": withoutEffect(
    toggle(false, "conntrack"),
    "connections to the metadata service of before the redirect are always forgotten",
  ),
  "metadata-paths": someOf(
    ["instance", "versions"],
    metadataAreas,
    "what pods may read of /metadata of the node's machine: instance, versions, loadbalancer, scheduledevents, attested",
  ),
  "block-instance-metadata": toggle(
    false,
    "refuse /metadata/instance to pods, whatever --metadata-paths says",
  ),
  "host-token-endpoint": toggle(
    true,
    "serve /host/token, where processes of the node, such as the Key Vault provider, ask for any pod of it",
  ),
  "metadata-header-required": withoutEffect(
    toggle(true, "header"),
    "the Metadata header is always required: SDKs tell a metadata service by the answer to a request without it, and it keeps out requests that a pod was tricked into",
  ),
  MICNamespace: withoutEffect(
    text("default", "namespace"),
    "no pod is let through by the name of its owner, which anybody may choose: an AzurePodIdentityException says who is",
  ),
  "retry-attempts-for-created": count(16, "how often, and"),
  "retry-attempts-for-assigned": count(4, "how often again, and"),
  "find-identity-retry-interval": count(
    5,
    "every how many seconds aad-pod-identity looked for an identity: requests wait as long in all, at most 50 s, if one of the three is given",
  ),
  enableScaleFeatures: withoutEffect(toggle(true, "scale features"), "they are always on"),
  "set-retry-after-header": toggle(
    false,
    "answer 503 with Retry-After: 20 where no identity is found, in place of 404",
  ),
};
