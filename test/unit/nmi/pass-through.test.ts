import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon, HttpAnswer } from "./daemon.ts";
import { pod } from "./memory-resources.ts";

const greedy = "127.0.0.3";
const modest = "127.0.0.4";

/** The platform, which answers when it is told to. */
interface SlowPlatform {
  /** Resources that are asked for now, in the order of asking. */
  readonly open: string[];
  /** Answers the one that was asked first. */
  answer(status?: number, retryAfterSeconds?: number): void;
  /** Resolves when so many are asked for at once. */
  asked(count: number): Promise<void>;
}

function slowDown(daemon: Daemon): SlowPlatform {
  const open: string[] = [];
  const answers: ((what: { status: number; body: string; retryAfterSeconds: number | null }) => void)[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | null = null;
  daemon.azure.fetchToken = ({ resource }) => {
    const { promise, resolve } = Promise.withResolvers<Parameters<(typeof answers)[number]>[0]>();
    open.push(resource);
    answers.push(resolve);
    if (waiting !== null && open.length >= waiting.count) waiting.resolve();
    return promise;
  };
  return {
    open,
    answer: (status = 200, retryAfterSeconds) => {
      open.shift();
      answers.shift()?.({ status, body: "{}", retryAfterSeconds: retryAfterSeconds ?? null });
    },
    asked: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { count, resolve };
      if (open.length >= count) resolve();
      await promise;
    },
  };
}

let daemon: Daemon;
let platform: SlowPlatform;
beforeEach(async () => {
  daemon = await startBoundPod();
  for (const [name, address] of [
    ["greedy", greedy],
    ["modest", modest],
  ] as const) {
    daemon.resources.put("Pod", pod(name, address, { labels: { excepted: "true" } }));
  }
  platform = slowDown(daemon);
});
afterEach(() => stopCleanly(daemon));

function ask(from: string, resource: string): Promise<HttpAnswer> {
  const path = `/metadata/identity/oauth2/token?resource=${resource}`;
  return daemon.ask({ from, path, headers: { metadata: "true" } });
}

/** Asks one after the other, so that they wait in this order. */
async function askInTurn(from: string, resources: readonly string[]): Promise<Promise<HttpAnswer>[]> {
  const answers: { readonly answer: Promise<HttpAnswer> }[] = [];
  for (const resource of resources) {
    // The deadline of one that has arrived.
    const arrived = daemon.clock.timerStarted(45_000);
    const answer = ask(from, resource);
    await arrived;
    answers.push({ answer });
  }
  return answers.map(({ answer }) => answer);
}

async function told(answer: Promise<HttpAnswer> = assert.fail()): Promise<unknown> {
  const { status, headers } = await answer;
  return [status, headers["retry-after"], headers["connection"]];
}

describe("the calls of an excepted pod", () => {
  it("leave others their tokens, however many there are and however long they take", async () => {
    const answers = await askInTurn(greedy, ["a", "b", "c", "d", "e", "f"]);
    await platform.asked(2);
    assert.equal((await daemon.askToken(web)).status, 200);
    assert.deepEqual(platform.open, ["a", "b"]);
    for (const next of ["c", "d", "e", "f"]) {
      platform.answer();
      await platform.asked(2);
      assert.equal(platform.open.at(-1), next);
      daemon.clock.advance(1000);
    }
    platform.answer();
    platform.answer();
    for (const answer of answers) assert.equal((await answer).status, 200);
  });

  it("let those of another excepted pod come before all but the first of them", async () => {
    const many = await askInTurn(greedy, ["a", "b", "c", "d"]);
    await platform.asked(2);
    const [own = assert.fail("nothing was asked")] = await askInTurn(modest, ["own"]);
    platform.answer();
    await platform.asked(2);
    assert.deepEqual(platform.open, ["b", "own"]);
    for (let left = 0; left < 2; left += 1) {
      platform.answer();
      await platform.asked(2);
    }
    platform.answer();
    platform.answer();
    for (const answer of [own, ...many]) assert.equal((await answer).status, 200);
  });

  it("pause for as long as IMDS wants after a 429, those that wait too", async () => {
    const answers = await askInTurn(greedy, ["a", "b", "c"]);
    await platform.asked(2);
    platform.answer(429, 7);
    const [first, second, waiting] = answers;
    for (const answer of [await first, await waiting, await ask(modest, "d")]) {
      assert.deepEqual([answer?.status, answer?.headers["retry-after"]], [429, "7"]);
    }
    platform.answer();
    assert.equal((await second)?.status, 200);
    assert.equal((await daemon.askToken(web)).status, 200);
    daemon.clock.advance(6_999);
    assert.equal((await ask(modest, "e")).status, 429);
    daemon.clock.advance(1);
    const later = ask(modest, "f");
    await platform.asked(1);
    platform.answer();
    assert.equal((await later).status, 200);
  });

  it("end with 429 when their turn does not come", async () => {
    const answers = await askInTurn(greedy, ["a", "b", "c"]);
    await platform.asked(2);
    const [, , waiting] = answers;
    daemon.clock.advance(45_000);
    const answer = await waiting;
    assert.equal(answer?.status, 429);
    assert.match(descriptionOf(answer ?? assert.fail()), /TooManyRequests/);
    for (const one of answers.slice(0, 2)) assert.equal((await one).status, 503);
  });

  it("have their whole time, however late their turn comes", async () => {
    const answers = await askInTurn(greedy, ["a", "b", "c", "d", "e", "f", "late"]);
    for (const waitMs of [14_800, 14_800, 14_800]) {
      await platform.asked(2);
      daemon.clock.advance(waitMs);
      platform.answer();
      platform.answer();
    }
    await platform.asked(1);
    daemon.clock.advance(5_000);
    platform.answer();
    for (const answer of answers) assert.equal((await answer).status, 200);
  });

  it("are told to come again when the daemon stops: at once while they wait, in the end when under way", async () => {
    const answers = await askInTurn(greedy, ["a", "b", "c"]);
    await platform.asked(2);
    const closed = daemon.nmi.close();
    const [, , waiting] = answers;
    assert.deepEqual(await told(waiting), [503, "2", "close"]);
    platform.answer();
    assert.equal((await answers[0])?.status, 200);
    daemon.clock.advance(5_000);
    assert.deepEqual(await told(answers[1]), [503, "2", "close"]);
    await closed;
    platform.answer();
  });

  it("leave a pod that is excepted no more to the policy, also when the platform refuses", async () => {
    daemon.resources.put("Pod", pod("web", web, { labels: { excepted: "true", aadpodidbinding: "web" } }));
    const answer = daemon.askToken(web);
    await platform.asked(1);
    daemon.resources.put("Pod", pod("web", web));
    platform.answer(429, 7);
    assert.equal((await answer).status, 200);
  });

  it("end with 503 for who has the address of a pod that is gone, also when the platform refuses", async () => {
    const answer = ask(greedy, "a");
    await platform.asked(1);
    daemon.resources.put("Pod", pod("other", greedy, { labels: { excepted: "true" } }));
    daemon.resources.remove("Pod", "greedy");
    platform.answer(429, 7);
    const { status, text } = await answer;
    assert.equal(status, 503);
    assert.match(text, /PodReplaced/);
  });
});
