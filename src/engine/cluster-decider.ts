import { buildClusterDocument } from "./cluster-document.ts";
import type { ValidateDecision } from "./decision.ts";
import type { Decider, Engine } from "./engine.ts";
import type {
  AzureIdentity,
  AzureIdentityBinding,
  AzurePodIdentityException,
  Namespace,
} from "./resources.ts";

/** The part of a resource source that decisions depend on. */
export interface ClusterSource {
  list(kind: "AzureIdentity"): readonly AzureIdentity[];
  list(kind: "AzureIdentityBinding"): readonly AzureIdentityBinding[];
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
  "AzurePodIdentityException",
  "Namespace",
]);

/**
 * Keeps an engine's `data.cluster` true to a source. Changes are gathered and written before the next
 * decision, so that no decision is older than the objects that the host can already see.
 */
export function createClusterDecider(engine: Engine, source: ClusterSource): ClusterDecider {
  const check = createBindingChecks(engine);
  let stale = true;
  const close = source.subscribe(({ kind }) => {
    if (judgedKinds.has(kind)) stale = true;
  });
  const refresh = (): void => {
    stale = false;
    const bindings = source.list("AzureIdentityBinding");
    engine.setData(
      buildClusterDocument(
        {
          identities: source.list("AzureIdentity"),
          bindings,
          exceptions: source.list("AzurePodIdentityException"),
          namespaces: source.list("Namespace"),
        },
        (binding) => {
          const answer = check(binding);
          // A fault of the policy says nothing about the object: ask again before the next decision.
          if (hasFailed(answer)) stale = true;
          return answer;
        },
      ),
    );
  };
  return {
    close,
    decide: (entrypoint, input) => {
      if (stale) refresh();
      return engine.decide(entrypoint, input);
    },
  };
}

/** Asks `validate` once per object; sources hand out a new object for every change. */
function createBindingChecks(engine: Engine): (binding: AzureIdentityBinding) => ValidateDecision {
  const answers = new WeakMap<AzureIdentityBinding, ValidateDecision>();
  return (binding) => {
    const known = answers.get(binding);
    if (known !== undefined) return known;
    const { azureIdentity, selector, weight, match, timeBox } = binding.spec;
    const parts = { ...(match === null ? {} : { match }), ...(timeBox === null ? {} : { timeBox }) };
    const object = { spec: { azureIdentity, selector, weight, ...parts } };
    const answer = engine.decide("validate", { kind: "AzureIdentityBinding", object });
    if (!hasFailed(answer)) answers.set(binding, answer);
    return answer;
  };
}

function hasFailed({ reasons }: ValidateDecision): boolean {
  return reasons.some(({ code }) => code === "PolicyError");
}
