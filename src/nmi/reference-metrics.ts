import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { PlatformMetadata, TokenSource } from "./ports.ts";
import { hostTokenPath, tokenPath } from "./request-path.ts";
import type { Served } from "./served.ts";
import { isManaged } from "./token-fetch.ts";

/**
 * The metrics of aad-pod-identity's NMI, under its names and with its buckets, so that its dashboards and alerts go on
 * (reference/aad-pod-identity.md §7). Its labels are bounded here: a path is one of two, and a resource is named only
 * when Azure gave a token for it, and only the first hundred.
 */
export interface ReferenceMetrics {
  onServed(served: Served, seconds: number): void;
  /** The same sources, with their calls counted. */
  ofTokens(tokens: TokenSource): TokenSource;
  ofPlatform(platform: PlatformMetadata): PlatformMetadata;
}

const requestBuckets = [0.5, 1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100];
const callBuckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];
const mostResources = 100;

/** Declares them on `metrics`. */
export function createReferenceMetrics(metrics: Metrics, clock: Clock): ReferenceMetrics {
  const apiErrors = metrics.counter({
    name: "aadpodidentity_kubernetes_api_operations_errors_count",
    help: "Total number of kubernetes api operations that failed",
    labels: ["operation_type"],
  });
  const observe = timeRequests(metrics);
  return {
    onServed: (served, seconds) => {
      if (served.outcome === "unknownCaller") apiErrors({ operation_type: "get_pod_list" }, 1);
      observe(served, seconds);
    },
    ...meterSources(timeCalls(metrics, clock), () => apiErrors({ operation_type: "get_secret" }, 1)),
  };
}

function timeRequests(metrics: Metrics): ReferenceMetrics["onServed"] {
  const requests = metrics.histogram({
    name: "aadpodidentity_nmi_operations_duration_seconds",
    help: "Duration in seconds of nmi operations",
    labels: ["namespace", "operation_type", "resource", "status_code"],
    buckets: requestBuckets,
  });
  const nameOf = createNames(mostResources);
  return ({ route, pod, answer, resource = "" }, seconds) => {
    if (route !== "token" && route !== "hostToken") return;
    const labels = {
      namespace: pod?.namespace ?? "",
      operation_type: route === "token" ? tokenPath : `${hostTokenPath}/`,
      resource: answer.status === 200 ? nameOf(resource) : "",
      status_code: String(answer.status),
    };
    requests(labels, seconds);
  };
}

function meterSources(
  timed: TimedCall,
  onSecretError: () => void,
): Pick<ReferenceMetrics, "ofTokens" | "ofPlatform"> {
  return {
    ofTokens: (tokens) => ({
      acquire: async (request) => {
        const operation = isManaged(request.identity) ? "adal_token_msi_userassignedid" : "adal_token";
        const result = await timed(
          operation,
          () => tokens.acquire(request),
          ({ ok }) => ok,
        );
        if (!result.ok && result.failure.kind === "credential") onSecretError();
        return result;
      },
    }),
    ofPlatform: (platform) => ({
      ...platform,
      fetchToken: (request) => {
        const hasID = (request.clientID ?? request.objectID ?? request.resourceID) !== undefined;
        const operation = hasID ? "adal_token_msi_userassignedid" : "adal_token_msi";
        return timed(
          operation,
          () => platform.fetchToken(request),
          ({ status }) => status === 200,
        );
      },
    }),
  };
}

type TimedCall = <T>(operation: string, call: () => Promise<T>, isGood: (result: T) => boolean) => Promise<T>;

/** Counts failures, and the time that the others took, as the reference does. */
function timeCalls(metrics: Metrics, clock: Clock): TimedCall {
  const errors = metrics.counter({
    name: "aadpodidentity_imds_operations_errors_count",
    help: "Total number of imds operations that failed",
    labels: ["operation_type"],
  });
  const durations = metrics.histogram({
    name: "aadpodidentity_imds_operations_duration_seconds",
    help: "Duration in seconds of imds operations",
    labels: ["operation_type"],
    buckets: callBuckets,
  });
  return async (operation, call, isGood) => {
    const startedMs = clock.monotonicMs();
    let good = false;
    try {
      const result = await call();
      good = isGood(result);
      return result;
    } finally {
      const labels = { operation_type: operation };
      if (good) durations(labels, (clock.monotonicMs() - startedMs) / 1000);
      else errors(labels, 1);
    }
  };
}

/** The first `most` names as they are, all later ones as "other". */
function createNames(most: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.size < most) known.add(name);
    return known.has(name) ? name : "other";
  };
}
