import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { binding, clientIDOf, manifest, node, pod, principal } from "../manifests.ts";
import { msOf, startWorld, type World } from "../world.ts";
import { scenarios, type Expected, type Scenario } from "./scenarios.ts";

describe("a pod asks NMI in scenario", () => {
  for (const scenario of scenarios) {
    it(scenario.name, async (t) => {
      const world = await startWorld({
        at: scenario.expected[0]?.at ?? assert.fail("a scenario looks at an instant"),
        manifests: { "scenario.yaml": manifestOf(scenario) },
      });
      t.after(() => world.close());
      assert.deepEqual(world.stack.source.problems(), []);
      for (const expected of scenario.expected) await check(world, expected);
    });
  }
});

/** A type 1 identity needs no assignment on a VM: the time box alone decides. */
function manifestOf({ timeBox, created, startTime }: Scenario): string {
  return manifest(
    node,
    ...principal("app"),
    binding("app", { timeBox }, created),
    pod("app", startTime === undefined ? {} : { startTime }),
  );
}

async function check(world: World, { at, reasons, next }: Expected): Promise<void> {
  // A step, as an administrator sets a clock: every request must be judged by what it reads now.
  world.clock.stepWall(msOf(at) - world.clock.nowMs());
  const answer = await world.ask("shop/app");
  assert.deepEqual([answer.status, answer.reasons], [reasons.length === 0 ? 200 : 403, reasons], at);

  const explanation = world.explain("shop/app");
  const [explained] = explanation.identities;
  assert.equal(explanation.token.status, answer.status, at);
  assert.equal(explained?.inForce, answer.status === 200, at);
  if (next !== undefined) assert.equal(explained?.nextTransition, next, at);
  if (answer.status === 200) checkToken(answer, explained?.validUntil ?? null, at);
  else checkOpening(answer.description, explained?.nextTransition ?? null);
}

function checkToken(
  answer: { readonly clientID: string | null; readonly expiresOn: number | null },
  validUntil: string | null,
  at: string,
): void {
  assert.equal(answer.clientID, clientIDOf("app"), at);
  const untilMs = validUntil === null ? Infinity : msOf(validUntil);
  assert.ok((answer.expiresOn ?? Infinity) * 1000 <= untilMs, `${at}: told to outlive ${validUntil}`);
}

/** A refusal tells the pod when to come back. */
function checkOpening(description: string, opensAt: string | null): void {
  if (opensAt === null) assert.doesNotMatch(description, /opens/);
  else assert.ok(description.endsWith(`; opens ${opensAt}`), description);
}
