import * as fc from "fast-check";

import type { ArmFault, RequestKind } from "./azure.ts";
import type { CrashPoint } from "./life.ts";
import { boxNames } from "./boxes.ts";
import type { ApiFault } from "./surroundings.ts";

/** One thing that happens. All is by name, so that a shrunk list still makes sense. */
export type Step =
  | { readonly op: "pod"; readonly pod: string; readonly node: string; readonly label: string }
  | { readonly op: "podGoes" | "podEnds"; readonly pod: string }
  | { readonly op: "node"; readonly node: string; readonly machine: "same" | "new" | "unnamed" }
  | { readonly op: "nodeGoes"; readonly node: string; readonly machineStays: boolean }
  | {
      readonly op: "bind";
      readonly binding: string;
      readonly identity: string;
      readonly label: string;
      readonly box: string;
    }
  | { readonly op: "unbind"; readonly binding: string }
  | { readonly op: "identity"; readonly identity: string; readonly arm: string; readonly clientID: string }
  | { readonly op: "identityGoes"; readonly identity: string }
  | { readonly op: "armForgets" | "armKnows"; readonly arm: string }
  /** Of `waited`, whatever a new object on the node's machine is about. */
  | { readonly op: "attach"; readonly node: string; readonly arm: string }
  | { readonly op: "armFault"; readonly on: RequestKind; readonly fault: ArmFault; readonly count: number }
  | { readonly op: "apiFault"; readonly fault: ApiFault; readonly count: number }
  | ({ readonly op: "crash" } & CrashPoint)
  | { readonly op: "elect" | "pause" | "oust" | "resume" | "lag" | "catchUp" }
  | { readonly op: "pass"; readonly seconds: number }
  | { readonly op: "stepClock"; readonly seconds: number };

const pod = fc.constantFrom("shop/web-0", "shop/web-1", "lab/web-0");
const node = fc.constantFrom("vm-a", "vm-b", "set-0", "set-1");
const machine = fc.constantFrom("same", "new", "unnamed");
const label = fc.constantFrom("one", "two");
const binding = fc.constantFrom("b-0", "b-1", "b-2");
const identity = fc.constantFrom("reader", "writer", "auditor");
const arm = fc.constantFrom("reader", "writer", "auditor", "spare");
const status = (code: number, retryAfter?: string): ArmFault =>
  retryAfter === undefined ? { kind: "status", status: code } : { kind: "status", status: code, retryAfter };

const named = <T extends Step["op"]>(name: T): fc.Arbitrary<T> => fc.constant<T>(name);
const patchFaults = fc.constantFrom<ArmFault>(
  status(429, "40"),
  status(429),
  status(409),
  status(412),
  status(500),
  { kind: "reset" },
  { kind: "lost" },
  { kind: "hangs" },
  { kind: "failsLate" },
  { kind: "neverEnds" },
  { kind: "urlVanishes" },
);
const readFaults = fc.constantFrom<ArmFault>(
  status(429, "40"),
  status(503),
  { kind: "lost" },
  { kind: "hangs" },
);
const count = fc.integer({ min: 1, max: 3 });

const happenings: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 12, arbitrary: fc.record({ op: named("pod"), pod, node, label }) },
  { weight: 6, arbitrary: fc.record({ op: named("podGoes"), pod }) },
  { weight: 1, arbitrary: fc.record({ op: named("podEnds"), pod }) },
  { weight: 2, arbitrary: fc.record({ op: named("nodeGoes"), node, machineStays: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: named("node"), node, machine }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: named("bind"),
      binding,
      identity,
      label,
      box: fc.constantFrom(...boxNames),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: named("unbind"), binding }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: named("identity"),
      identity,
      arm,
      clientID: fc.constantFrom("first", "second"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: named("identityGoes"), identity }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("armForgets", "armKnows"), arm }) },
  { weight: 4, arbitrary: fc.record({ op: named("attach"), node, arm }) },
  { weight: 3, arbitrary: fc.record({ op: named("attach"), node, arm: fc.constant("waited") }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: named("armFault"), on: requests("PATCH"), fault: patchFaults, count }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: named("armFault"), on: requests("GET", "POLL"), fault: readFaults, count }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: named("apiFault"),
      fault: fc.constantFrom<ApiFault>("refused", "lost"),
      count,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: named("crash"),
      effect: fc.integer({ min: 1, max: 12 }),
      when: fc.constantFrom<CrashPoint["when"]>("before", "after"),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ op: fc.constantFrom("elect", "pause", "oust", "resume", "lag", "catchUp") }),
  },
  {
    weight: 14,
    arbitrary: fc.record({ op: named("pass"), seconds: fc.constantFrom(0, 0.5, 1, 3, 7, 30, 90, 400) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: named("stepClock"), seconds: fc.constantFrom(-3600, -300, 300, 3600) }),
  },
];

function requests(...kinds: readonly RequestKind[]): fc.Arbitrary<RequestKind> {
  return fc.constantFrom(...kinds);
}

/** What may happen to a controller, in any order. */
export const scripts: fc.Arbitrary<readonly Step[]> = fc.array(fc.oneof(...happenings), {
  minLength: 1,
  maxLength: 24,
  size: "max",
});

/** A step in words. */
export function describeStep(step: Step): string {
  const { op, ...facts } = step;
  const words = Object.entries(facts).map(([key, value]) =>
    typeof value === "object" ? JSON.stringify(value) : `${key} ${value}`,
  );
  return [op, ...words].join(", ");
}
