import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createKeptAnswers } from "../../../src/nmi/kept-answers.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createMemoryResources, pod } from "./memory-resources.ts";

describe("what the policy says of a pod", () => {
  it("is asked once, however often the pod asks", () => {
    const { answers, asked } = world();
    const web = pod("web", "127.1.0.1");
    assert.deepEqual([answers.of(web), answers.of(web)], ["web 1", "web 1"]);
    assert.equal(asked(), 1);
  });

  it("is asked anew for the pod as it has become, and for another", () => {
    const { answers } = world();
    assert.equal(answers.of(pod("web", "127.1.0.1")), "web 1");
    assert.equal(answers.of(pod("web", "127.1.0.1")), "web 2");
    assert.equal(answers.of(pod("job", "127.1.0.1")), "job 3");
  });

  for (const [what, change] of Object.entries<(of: World) => void>({
    "something in the store has changed": ({ resources }) => resources.put("Pod", pod("other", "127.1.0.1")),
    "something has gone from the store": ({ resources }) => resources.remove("Pod", "shop/first"),
    "the policy has changed": ({ changePolicy }) => changePolicy(),
    "a second has passed": ({ clock }) => clock.advance(1000),
  })) {
    it(`is asked anew once ${what}`, () => {
      const of = world();
      const web = pod("web", "127.1.0.1");
      of.answers.of(web);
      change(of);
      assert.equal(of.answers.of(web), "web 2");
    });
  }

  it("is followed by nobody after the end", () => {
    const { answers, followers } = world();
    answers.close();
    assert.equal(followers(), 0);
  });
});

type World = ReturnType<typeof world>;

function world() {
  const clock = createSimulatedClock(Date.parse("2026-06-14T22:00:00Z"));
  const resources = createMemoryResources();
  resources.put("Pod", pod("first", "127.1.0.1"));
  const listeners = new Set<() => void>();
  const onPolicyChange = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  let asked = 0;
  const answers = createKeptAnswers(
    { clock, resources, decider: { onPolicyChange } },
    ({ name }) => `${name} ${(asked += 1)}`,
  );
  const changePolicy = (): void => listeners.forEach((listener) => listener());
  return { clock, resources, answers, changePolicy, asked: () => asked, followers: () => listeners.size };
}
