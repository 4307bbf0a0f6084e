import type { Candidate } from "../../../src/engine/decision.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import type { Entrypoint, Entrypoints } from "../../../src/engine/entrypoints.ts";
import type { AssignInput } from "../../../src/engine/input.ts";
import type { AzureIdentityBinding, JsonObject } from "../../../src/engine/resources.ts";
import { instantFromSeconds, parseInstant } from "../../../src/timebox/instant.ts";

/** A policy by hand: classic selectors, notBefore, notAfter and daily windows in UTC. */
export interface FakeDecider extends Decider {
  /** Which questions are answered by a PolicyError. */
  isBroken: (input: AssignInput) => boolean;
  /** What custom rules would say of their boundaries. */
  hints: Entrypoints["assign"]["decision"]["hints"];
  /** Whether a custom rule closes everything at this instant. */
  denies: (at: number) => boolean;
  /** Tells whoever listens that another policy has taken over. */
  changePolicy(): void;
}

export function createFakeDecider(bindings: () => readonly AzureIdentityBinding[]): FakeDecider {
  const decideAssign = (input: AssignInput): Entrypoints["assign"]["decision"] => {
    if (decider.isBroken(input)) return { candidates: [], reasons: [{ code: "PolicyError", params: {} }] };
    const isFinished = input.pod.phase === "Succeeded" || input.pod.phase === "Failed";
    const candidates = bindings()
      .filter(({ spec }) => spec.selector !== "" && spec.selector === input.pod.labels["aadpodidbinding"])
      .map((binding): Candidate => {
        const isOpen = (at: number): boolean =>
          !isFinished && !decider.denies(at) && isBoxOpen(binding.spec.timeBox, at);
        return {
          binding: `${binding.namespace}/${binding.name}`,
          identity: `${binding.namespace}/${binding.spec.azureIdentity}`,
          weight: binding.spec.weight,
          inForce: isOpen(input.now),
          reasons: [],
          probes: input.probes.map(isOpen),
        };
      });
    const answer = { candidates: candidates.toSorted((a, b) => b.weight - a.weight), reasons: [] };
    return decider.hints === undefined ? answer : { ...answer, hints: decider.hints };
  };
  const answers: {
    readonly [E in Entrypoint]: (input: Entrypoints[E]["input"]) => Entrypoints[E]["decision"];
  } = {
    assign: decideAssign,
    token: () => assertUnasked("token"),
    exempt: () => assertUnasked("exempt"),
    validate: () => ({ valid: true, reasons: [] }),
  };
  const listeners = new Set<() => void>();
  const decider: FakeDecider = {
    isBroken: () => false,
    hints: undefined,
    denies: () => false,
    onPolicyChange: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
    changePolicy: () => listeners.forEach((listener) => listener()),
    decide: (entrypoint, input) => answers[entrypoint](input),
  };
  return decider;
}

function assertUnasked(entrypoint: Entrypoint): never {
  throw new Error(`the controller must not ask ${entrypoint}`);
}

function isBoxOpen(timeBox: JsonObject | null, at: number): boolean {
  if (timeBox === null) return true;
  const { notBefore, notAfter, windows } = timeBox;
  if (typeof notBefore === "string" && at < instantOf(notBefore)) return false;
  if (typeof notAfter === "string" && at >= instantOf(notAfter)) return false;
  if (windows === undefined) return true;
  const minuteOfDay = Math.floor((at / 1e9 / 60) % (24 * 60));
  return JSON.stringify(windows)
    .matchAll(/"start":"(\d\d):(\d\d)","end":"(\d\d):(\d\d)"/g)
    .some(([, fromHour, fromMinute, toHour, toMinute]) => {
      const from = Number(fromHour) * 60 + Number(fromMinute);
      return from <= minuteOfDay && minuteOfDay < Number(toHour) * 60 + Number(toMinute);
    });
}

function instantOf(text: string): number {
  return parseInstant(text) ?? instantFromSeconds(0);
}
