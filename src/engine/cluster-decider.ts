import { buildClusterDocument } from "./cluster-document.ts";
import { createClusterLayout, noResources } from "./cluster-layout.ts";
import type { ValidateDecision } from "./decision.ts";
import type { Decider, Engine } from "./engine.ts";
import { validateInput } from "./questions.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  AzurePodIdentityException,
  Namespace,
} from "./resources.ts";

/** The part of a resource source that decisions depend on. */
export interface ClusterSource {
  list(kind: "AzureIdentity"): readonly AzureIdentity[];
  list(kind: "AzureIdentityBinding"): readonly AzureIdentityBinding[];
  list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  list(kind: "AzurePodIdentityException"): readonly AzurePodIdentityException[];
  list(kind: "Namespace"): readonly Namespace[];
  subscribe(listener: (change: { readonly kind: string }) => void): () => void;
}

export interface ClusterDecider extends Decider {
  /** Stops listening to the source. */
  close(): void;
}

const judgedKinds: ReadonlySet<string> = new Set([
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
  "AzurePodIdentityException",
  "Namespace",
]);

/**
 * Keeps an engine's `data.cluster` true to a source. Changes are gathered and written before the next
 * decision, so that no decision is older than the objects that the host can already see.
 */
export function createClusterDecider(engine: Engine, source: ClusterSource): ClusterDecider {
  let checks = createBindingChecks(engine);
  const layout = createClusterLayout((binding) => checks.check(binding));
  let stale = true;
  let judgedBy = engine.digest;
  engine.setData(buildClusterDocument(noResources, (binding) => checks.check(binding)));
  const close = source.subscribe(({ kind }) => {
    if (judgedKinds.has(kind)) stale = true;
  });
  const refresh = (): void => {
    const resources = {
      identities: source.list("AzureIdentity"),
      bindings: source.list("AzureIdentityBinding"),
      grants: source.list("AzureIdentityAccessGrant"),
      approvals: source.list("AzureIdentityAccessApproval"),
      exceptions: source.list("AzurePodIdentityException"),
      namespaces: source.list("Namespace"),
    };
    // What is valid is for the policy in use to say: another one is asked about every binding.
    const isOtherPolicy = engine.digest !== judgedBy;
    if (isOtherPolicy) checks = createBindingChecks(engine);
    judgedBy = engine.digest;
    const again = isOtherPolicy ? new Set(resources.bindings) : checks.takeUnanswered();
    engine.patchData(layout.update(resources, again));
    // A fault of the policy says nothing about the object: ask again before the next decision.
    stale = checks.hasUnanswered();
  };
  return {
    close,
    decide: (entrypoint, input) => {
      if (stale || engine.digest !== judgedBy) refresh();
      return engine.decide(entrypoint, input);
    },
    onPolicyChange: engine.onPolicyChange,
    isShipped: engine.isShipped,
  };
}

interface BindingChecks {
  readonly check: (binding: AzureIdentityBinding) => ValidateDecision;
  /** The bindings that got no answer since the last call. */
  readonly takeUnanswered: () => ReadonlySet<AzureIdentityBinding>;
  readonly hasUnanswered: () => boolean;
}

/** Asks one policy's `validate` once per object; sources hand out a new object for every change. */
function createBindingChecks(engine: Engine): BindingChecks {
  const answers = new WeakMap<AzureIdentityBinding, ValidateDecision>();
  let unanswered = new Set<AzureIdentityBinding>();
  const ask = (binding: AzureIdentityBinding): ValidateDecision => {
    const answer = engine.decide("validate", validateInput(binding));
    if (answer.reasons.some(({ code }) => code === "PolicyError")) unanswered.add(binding);
    else answers.set(binding, answer);
    return answer;
  };
  return {
    check: (binding) => answers.get(binding) ?? ask(binding),
    takeUnanswered: () => {
      const taken = unanswered;
      unanswered = new Set();
      return taken;
    },
    hasUnanswered: () => unanswered.size > 0,
  };
}
