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
  const checks = createBindingChecks(engine);
  const layout = createClusterLayout(checks.check);
  let stale = true;
  engine.setData(buildClusterDocument(noResources, checks.check));
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
    engine.patchData(layout.update(resources, checks.takeUnanswered()));
    // A fault of the policy says nothing about the object: ask again before the next decision.
    stale = checks.hasUnanswered();
  };
  return {
    close,
    decide: (entrypoint, input) => {
      if (stale) refresh();
      return engine.decide(entrypoint, input);
    },
  };
}

interface BindingChecks {
  readonly check: (binding: AzureIdentityBinding) => ValidateDecision;
  /** The bindings that got no answer since the last call. */
  readonly takeUnanswered: () => ReadonlySet<AzureIdentityBinding>;
  readonly hasUnanswered: () => boolean;
}

/** Asks `validate` once per object; sources hand out a new object for every change. */
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
