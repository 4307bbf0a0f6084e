import type { Bundle } from "./bundle.ts";
import { createClusterData } from "./cluster-data.ts";
import { createEngine, type Decider, type Engine, type EngineOptions } from "./engine.ts";
import type { Entrypoints } from "./entrypoints.ts";
import { EngineError } from "./errors.ts";

/** An engine whose bundle can be changed while it serves; revision and digest are those of the one in use. */
export interface BundleSlot extends Engine {
  /**
   * Puts `bundle` in place of the one in use, with the same data, if it loads and passes its self-check.
   * Answers why it did not; then the last good one stays. Never rejects. What fails once the new one serves, a
   * listener or the end of the former, is told to `onFault` and changes nothing.
   */
  load(bundle: Bundle): Promise<EngineError | undefined>;
  readonly onPolicyChange: (listener: () => void) => () => void;
}

/**
 * Starts with `bundle`.
 * @throws EngineError when it cannot run here or fails its self-check.
 */
export async function createBundleSlot(bundle: Bundle, options: EngineOptions): Promise<BundleSlot> {
  const cluster = createClusterData();
  const listeners = new Set<() => void>();
  let current = await startChecked(bundle, options, cluster);
  let last: Promise<EngineError | undefined> = Promise.resolve(undefined);

  const swap = async (candidate: Bundle): Promise<EngineError | undefined> => {
    const next = await startChecked(candidate, options, cluster).catch(asEngineError);
    if (next instanceof EngineError) return next;
    const former = current;
    current = next;
    for (const fault of await handOver(former, listeners)) options.onFault?.(fault);
    return undefined;
  };
  return {
    get revision() {
      return current.revision;
    },
    get digest() {
      return current.digest;
    },
    isShipped: () => current.isShipped(),
    decide: (entrypoint, input) => current.decide(entrypoint, input),
    setData: (document) => current.setData(document),
    patchData: (changes) => current.patchData(changes),
    onPolicyChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      await last; // so that what is being loaded is closed, not what it replaces
      await current.close();
    },
    // One after the other, so that the bundle that was given last is the one that stays.
    load: (candidate) => (last = last.then(() => swap(candidate))),
  };
}

/** From here on the new policy serves: whatever fails is not its refusal, and keeps nobody else from being told. */
async function handOver(former: Engine, listeners: Iterable<() => void>): Promise<readonly EngineError[]> {
  const faults: EngineError[] = [];
  const failed = (what: string, cause: unknown): void => {
    faults.push(new EngineError("HandoverFailed", `the new policy serves, but ${what}`, { cause }));
  };
  for (const listener of listeners) {
    try {
      listener();
    } catch (cause) {
      failed("somebody who was to be told of it has failed", cause);
    }
  }
  await former.close().catch((cause: unknown) => failed("the former one could not be ended", cause));
  return faults;
}

function asEngineError(cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError("Unavailable", "the policy could not be started", { cause });
}

/** What a candidate does before it serves is its own affair: neither a decision nor a fault of the daemon. */
async function startChecked(
  bundle: Bundle,
  options: EngineOptions,
  cluster: ReturnType<typeof createClusterData>,
): Promise<Engine> {
  const { onFault, onDecision } = options;
  const faults: EngineError[] = [];
  let isServing = false;
  const engine = await createEngine(
    bundle,
    {
      ...options,
      onFault: (fault) => (isServing ? onFault?.(fault) : void faults.push(fault)),
      ...(onDecision === undefined ? {} : { onDecision: (record) => isServing && onDecision(record) }),
    },
    cluster,
  );
  const failed = failedQuestion(engine);
  if (failed === undefined) {
    isServing = true;
    return engine;
  }
  await engine.close();
  const [fault] = faults;
  const why = fault === undefined ? "it refuses with PolicyError" : fault.message;
  throw new EngineError("SelfCheckFailed", `the policy does not answer ${failed}: ${why}`, { cause: fault });
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
