import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createHeldCap, type HeldCap } from "../../../src/nmi/held-cap.ts";
import type { Step } from "../../../src/nmi/hold.ts";
import type { Refusal } from "../../../src/nmi/response.ts";

const pending: Refusal = { kind: "pending", description: "not yet", reasons: [] };
const hold: Step<string> = { kind: "hold", untilMs: 50_000, refusal: pending };
const done: Step<string> = { kind: "done", value: "token" };

/** Starts a request that attempts once and then waits until it is told to end; answers what the attempt came to. */
function start(cap: HeldCap, caller: string, step: Step<string> = hold) {
  const end = Promise.withResolvers<void>();
  const attempted = Promise.withResolvers<Step<string>>();
  const ended = cap.within(
    caller,
    () => step,
    async (attempt) => {
      attempted.resolve(await attempt());
      await attempt();
      await end.promise;
    },
  );
  const finish = (): Promise<void> => {
    end.resolve();
    return ended;
  };
  return { attempted: attempted.promise, finish };
}

describe("requests that wait", () => {
  it("take a place each, however often they try again, and leave it at their end", async () => {
    const cap = createHeldCap({ mostHeld: 10, mostHeldPerCaller: 2 });
    const [first, second] = [start(cap, "a"), start(cap, "a")];
    assert.deepEqual(await Promise.all([first.attempted, second.attempted]), [hold, hold]);
    await first.finish();
    const third = start(cap, "a");
    assert.deepEqual(await third.attempted, hold);
    await Promise.all([second.finish(), third.finish()]);
  });

  it("are refused at once when their caller has as many as it may, and others are not", async () => {
    const cap = createHeldCap({ mostHeld: 10, mostHeldPerCaller: 1 });
    const requests = [start(cap, "a"), start(cap, "a"), start(cap, "b")];
    const steps = await Promise.all(requests.map(({ attempted }) => attempted));
    const kinds = steps.map((step) => (step.kind === "hold" ? step.refusal.kind : step.kind));
    assert.deepEqual(kinds, ["pending", "tooManyHeld", "pending"]);
    assert.deepEqual(
      steps.map((step) => step.kind === "hold" && step.untilMs > 0),
      [true, false, true],
    );
    await Promise.all(requests.map(({ finish }) => finish()));
  });

  it("are refused at once when the node has as many as it may, whoever they are of", async () => {
    const cap = createHeldCap({ mostHeld: 1, mostHeldPerCaller: 1 });
    const [first, second] = [start(cap, "a"), start(cap, "b")];
    const step = await second.attempted;
    assert.equal(step.kind === "hold" && step.refusal.kind, "tooManyHeld");
    await second.finish();
    await first.finish();
  });

  it("are not counted when there is nothing to wait for, and give their place back when they fail", async () => {
    const cap = createHeldCap({ mostHeld: 1, mostHeldPerCaller: 1 });
    const answered = start(cap, "a", done);
    assert.deepEqual(await answered.attempted, done);
    const failing = cap.within(
      "a",
      () => hold,
      async (attempt) => {
        await attempt();
        throw new Error("planted");
      },
    );
    await assert.rejects(failing, /planted/);
    const next = start(cap, "b");
    assert.deepEqual(await next.attempted, hold);
    await Promise.all([next.finish(), answered.finish()]);
  });
});
