import type { Bundle } from "./bundle.ts";
import { createClusterData } from "./cluster-data.ts";
import { createEngine, type Decider, type Engine, type EngineOptions } from "./engine.ts";
import type { Entrypoints } from "./entrypoints.ts";
import { EngineError } from "./errors.ts";

/** An engine whose bundle can be changed while it serves; revision and digest are those of the one in use. */
export interface BundleSlot extends Engine {
  /**
   * Puts `bundle` in place of the one in use, with the same data, if it loads and passes its self-check.
   * Answers why it did not; then the last good one stays.
   */
  load(bundle: Bundle): Promise<EngineError | undefined>;
}

/**
 * Starts with `bundle`.
 * @throws EngineError when it cannot run here or fails its self-check.
 */
export async function createBundleSlot(bundle: Bundle, options: EngineOptions): Promise<BundleSlot> {
  const cluster = createClusterData();
  const start = async (candidate: Bundle): Promise<Engine> => {
    const engine = await createEngine(candidate, options, cluster);
    const failed = failedQuestion(engine);
    if (failed === undefined) return engine;
    await engine.close();
    throw new EngineError("SelfCheckFailed", `the policy does not answer ${failed}; its fault was reported`);
  };
  let current = await start(bundle);
  let last: Promise<EngineError | undefined> = Promise.resolve(undefined);

  const swap = async (candidate: Bundle): Promise<EngineError | undefined> => {
    try {
      const next = await start(candidate);
      const former = current;
      current = next;
      await former.close();
      return undefined;
    } catch (error) {
      if (error instanceof EngineError) return error;
      throw error;
    }
  };
  return {
    get revision() {
      return current.revision;
    },
    get digest() {
      return current.digest;
    },
    decide: (entrypoint, input) => current.decide(entrypoint, input),
    setData: (document) => current.setData(document),
    patchData: (changes) => current.patchData(changes),
    close: () => current.close(),
    // One after the other, so that the bundle that was given last is the one that stays.
    load: (candidate) => (last = last.then(() => swap(candidate))),
  };
}

const pod = {
  namespace: "podid-self-check",
  name: "self-check-0",
  uid: "self-check",
  labels: {},
  annotations: {},
  serviceAccount: "default",
  node: "",
  phase: "Running",
};
const assign: Entrypoints["assign"]["input"] = {
  now: 1_781_474_400_000_000_000,
  probes: [1_781_478_000_000_000_000],
  pod,
  mode: { namespaced: false },
};

/** Asks about a pod that nothing binds: any policy answers that without a fault. */
function failedQuestion(engine: Decider): keyof Entrypoints | undefined {
  const answers = {
    assign: engine.decide("assign", assign),
    token: engine.decide("token", {
      ...assign,
      request: { resource: "https://management.azure.com/" },
      assigned: [],
      caches: { ageSeconds: 0 },
    }),
    exempt: engine.decide("exempt", { pod }),
    validate: engine.decide("validate", { kind: "AzureIdentityBinding", object: { spec: {} } }),
  };
  const failed = (name: keyof typeof answers): boolean =>
    answers[name].reasons.some(({ code }) => code === "PolicyError");
  return (["assign", "token", "exempt", "validate"] as const).find(failed);
}
