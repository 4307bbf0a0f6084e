import type { Bundle } from "./bundle.ts";
import { createClusterData, type ClusterData, type DataChange } from "./cluster-data.ts";
import type { ClusterDocument } from "./cluster-document.ts";
import { recordDecision, type DecisionRecord } from "./decision-log.ts";
import { contracts, type Entrypoint, type Entrypoints } from "./entrypoints.ts";
import { EngineError, type EngineErrorCode } from "./errors.ts";
import { createQuarantine, type Quarantine } from "./quarantine.ts";
import { createPolicyData, startInlineRunner } from "./runner.ts";
import { createRunnerPool, type Answer, type RunnerPool } from "./runner-pool.ts";
import { startThreadRunner } from "./thread-runner.ts";

/** Asks the policy. Synchronous and total: anything odd is a refusal with reason `PolicyError`. */
export interface Decider {
  decide<E extends Entrypoint>(entrypoint: E, input: Entrypoints[E]["input"]): Entrypoints[E]["decision"];
  /**
   * Calls `listener` after another policy took over: what was answered before is the former one's. Returns
   * the way to stop. Absent where the policy stays the same for good.
   */
  readonly onPolicyChange?: ((listener: () => void) => () => void) | undefined;
  /** Whether the policy that answers now is the one that ships, without custom rules. Absent where nobody knows. */
  readonly isShipped?: (() => boolean) | undefined;
}

export interface Engine extends Decider {
  readonly isShipped: () => boolean;
  readonly revision: string;
  readonly digest: string;
  /** Replaces `data.cluster` for all later decisions. While the policy does not take it, all are refused. */
  setData(cluster: ClusterDocument): void;
  /** Changes entries of `data.cluster`; costs what they cost, not what the whole does. */
  patchData(changes: readonly DataChange[]): void;
  /** Ends the threads of a policy with user rules; later decisions are refused. */
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Monotonic milliseconds, for durations and quarantine. */
  readonly nowMs: () => number;
  /**
   * How long one decision of user rules may take; 40 ms unless said otherwise, so that the refusal is out
   * within 60 ms although a busy machine wakes the caller late.
   */
  readonly userRulesDeadlineMs?: number;
  /** Told of every fault behind a `PolicyError`; must not throw. */
  readonly onFault?: (fault: EngineError) => void;
  /** Told of every decision; must not throw. Without it no record is made. */
  readonly onDecision?: (record: DecisionRecord) => void;
}

/**
 * Makes an engine that answers by `bundle` (DESIGN §4). The module that ships, which is reviewed, runs in this
 * thread; any other in one of its own, under a deadline, and its answers always say that it may have boundaries
 * which the host does not know. `cluster` may be shared with
 * other engines, so that they decide on the same data.
 * @throws EngineError when the module cannot run here; a bundle that loads never throws later.
 */
export async function createEngine(
  bundle: Bundle,
  options: EngineOptions,
  cluster: ClusterData = createClusterData(),
): Promise<Engine> {
  const { revision, digest } = bundle;
  const { nowMs, onFault = () => undefined, onDecision, userRulesDeadlineMs = 40 } = options;
  const pool = await startPool(bundle, cluster, userRulesDeadlineMs, onFault);
  const ask: Ask = bundle.isShipped
    ? (entrypoint, input) => pool.evaluate(contracts[entrypoint].path, input)
    : askUnderQuarantine(pool, createQuarantine(nowMs));
  const decider = createDecider(ask, bundle.isShipped, onFault);
  return {
    revision,
    digest,
    setData: (document) => cluster.replace(document),
    patchData: (changes) => cluster.change(changes),
    ...(onDecision === undefined ? decider : recordAll(decider, bundle, nowMs, onDecision)),
    isShipped: () => bundle.isShipped,
    close: () => pool.close(),
  };
}

type Ask = (entrypoint: Entrypoint, input: Entrypoints[Entrypoint]["input"]) => Answer;

async function startPool(
  bundle: Bundle,
  cluster: ClusterData,
  deadlineMs: number,
  onFault: (fault: EngineError) => void,
): Promise<RunnerPool> {
  const module = await WebAssembly.compile(bundle.wasm).catch((cause: unknown) => {
    throw new EngineError("BundleIncomplete", "policy.wasm is not a WebAssembly module", { cause });
  });
  const paths = Object.values(contracts).map(({ path }) => path);
  const data = createPolicyData(bundle.data, cluster);
  const start = bundle.isShipped
    ? () => startInlineRunner(module, paths, data)
    : () => startThreadRunner(module, paths, data, deadlineMs);
  return createRunnerPool(start, data, onFault);
}

function createDecider(ask: Ask, isShipped: boolean, onFault: (fault: EngineError) => void): Decider {
  return {
    decide: (entrypoint, input) => {
      const { path, schema, refusal, withUnknownBoundaries } = contracts[entrypoint];
      const answer = ask(entrypoint, input);
      if (!answer.ok) {
        onFault(answer.fault);
        return refusal;
      }
      const parsed = schema.safeParse(answer.result);
      if (parsed.success) return isShipped ? parsed.data : withUnknownBoundaries(parsed.data);
      const message = `${path} answered in an unknown shape`;
      onFault(new EngineError("EvaluationFailed", message, { cause: parsed.error }));
      return refusal;
    },
  };
}

const brokenByQuestion: ReadonlySet<EngineErrorCode> = new Set(["DeadlineExceeded", "EvaluationFailed"]);

/**
 * A pod whose question broke the policy is not asked that question for a while, so that the others are. An
 * answer to another question about it proves nothing: NMI asks `exempt` before each `token`.
 */
function askUnderQuarantine(pool: RunnerPool, quarantine: Quarantine): Ask {
  return (entrypoint, input) => {
    const subject = "pod" in input ? `${entrypoint} ${input.pod.uid}` : entrypoint;
    if (quarantine.holds(subject)) {
      const message = `${entrypoint}: the same question about the same pod broke the policy a moment ago`;
      return { ok: false, fault: new EngineError("Quarantined", message) };
    }
    const answer = pool.evaluate(contracts[entrypoint].path, input);
    if (answer.ok) quarantine.pardon(subject);
    else if (brokenByQuestion.has(answer.fault.code)) quarantine.punish(subject);
    return answer;
  };
}

function recordAll(
  decider: Decider,
  policy: { readonly revision: string; readonly digest: string },
  nowMs: () => number,
  onDecision: (record: DecisionRecord) => void,
): Decider {
  return {
    decide: (entrypoint, input) => {
      const startedMs = nowMs();
      const decision = decider.decide(entrypoint, input);
      onDecision(recordDecision(policy, entrypoint, input, decision, nowMs() - startedMs));
      return decision;
    },
  };
}
