import type { KubernetesApi } from "../../kubernetes/api.ts";
import { KubernetesError } from "../../kubernetes/errors.ts";
import {
  upgradeFieldCase,
  type UpgradeOutcome,
  type UpgradeTerms,
} from "../../kubernetes/field-case-upgrade.ts";
import { delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import type { Readiness } from "./readiness.ts";
import { readVersion } from "./version.ts";

/** Where it is written down that the fields are named as since 1.6. */
export interface FieldCaseOptions {
  readonly configMap: string;
  readonly key: string;
}

interface Parts {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  readonly readiness: Readiness;
  readonly environment: Environment;
  /** The namespace of the service account, or of the kubeconfig's context. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const retryMs = 2_000;
/** A server that has just started refuses what it allows moments later. */
const refusedForMs = 10_000;

/**
 * Stores objects of before aad-pod-identity 1.6 anew, once for a cluster, before anything is decided on them; waits
 * for an API server that is away.
 * @throws CommandError 3 when podid may not, or an object is refused; the reason of `signal`.
 */
export async function upgradeFields(parts: Parts, options: FieldCaseOptions | null): Promise<void> {
  if (options === null) return;
  const { api, clock, environment, log, readiness, signal } = parts;
  const namespace = environment.podNamespace ?? parts.namespace;
  const terms: UpgradeTerms = { ...options, namespace, version: `podid ${await readVersion()}` };
  let refusedSinceMs: number | null = null;
  let told = "";
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- asked again when there was no answer
      tell(log, await upgradeFieldCase(api, terms, signal));
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof KubernetesError)) throw thrown;
      const nowMs = clock.monotonicMs();
      refusedSinceMs = isRefusal(thrown) ? (refusedSinceMs ?? nowMs) : null;
      if (refusedSinceMs !== null && nowMs - refusedSinceMs >= refusedForMs) throw unable(thrown);
      if (thrown.message !== told) log.warn({ err: thrown }, "the API server cannot be asked yet");
      told = thrown.message;
      readiness.set("source", `the API server cannot be asked for field names of before 1.6: ${told}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, retryMs, signal);
  }
}

function isRefusal({ code }: KubernetesError): boolean {
  return code === "Invalid" || code === "NotFound" || code === "Forbidden";
}

function unable(cause: KubernetesError): CommandError {
  const remedy =
    "kubectl apply --server-side --force-conflicts -f deploy/rbac/controller.yaml, or --enable-type-upgrade=false";
  return new CommandError(
    3,
    `podid controller: objects of before aad-pod-identity 1.6 cannot be stored anew: ${remedy} (${cause.message})`,
    { cause },
  );
}

function tell(log: Log, outcome: UpgradeOutcome): void {
  if (outcome.kind === "doneBefore") {
    log.info({ mark: outcome.mark }, "field names were brought up to date before");
    return;
  }
  const { rewritten, empty } = outcome;
  if (rewritten.length > 0) log.info({ rewritten }, "objects of before 1.6 were stored anew");
  if (empty.length > 0) {
    log.warn({ empty }, "objects have no fields; if they are of before 1.6, apply the definitions of then");
  }
}
