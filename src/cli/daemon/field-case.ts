import type { KubernetesApi } from "../../kubernetes/api.ts";
import { KubernetesError } from "../../kubernetes/errors.ts";
import {
  upgradeFieldCase,
  type UpgradeOutcome,
  type UpgradeTerms,
} from "../../kubernetes/field-case-upgrade.ts";
import type { Log } from "../../runtime/log.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { type AskOptions, standingFaults } from "./standing-faults.ts";
import { readVersion } from "./version.ts";

/** Where it is written down that the fields are named as since 1.6. */
export interface FieldCaseOptions {
  readonly configMap: string;
  readonly key: string;
}

interface Parts extends AskOptions {
  readonly api: Pick<KubernetesApi, "call">;
  readonly environment: Environment;
  /** The namespace of the service account, or of the kubeconfig's context. */
  readonly namespace: string;
}

/**
 * Stores objects of before aad-pod-identity 1.6 anew, once for a cluster, before anything is decided on them; waits
 * for an API server that is away.
 * @throws CommandError 3 when podid may not, or an object is refused; the reason of `signal`.
 */
export async function upgradeFields(parts: Parts, options: FieldCaseOptions | null): Promise<void> {
  if (options === null) return;
  const { api, environment, log, signal } = parts;
  const namespace = environment.podNamespace ?? parts.namespace;
  const terms: UpgradeTerms = { ...options, namespace, version: `podid ${await readVersion()}` };
  const last: { refusal: KubernetesError | null } = { refusal: null };
  await standingFaults(parts, async () => {
    last.refusal = null;
    try {
      tell(log, await upgradeFieldCase(api, terms, signal));
      return [];
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError) || !refusals.has(thrown.code)) throw thrown;
      last.refusal = thrown;
      return [thrown.message];
    }
  });
  if (last.refusal !== null) throw unable(last.refusal);
}

const refusals: ReadonlySet<string> = new Set(["Invalid", "NotFound", "Forbidden"]);

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
