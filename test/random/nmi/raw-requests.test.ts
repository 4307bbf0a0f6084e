import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { canary, connection, type Message } from "./grammar.ts";
import { sources, startForwarder, startFuzzWorld, type FuzzWorld } from "./fuzz-world.ts";
import { isCanonical, isToken, unapproved } from "./oracle.ts";
import { converse, type Conversation } from "./raw-socket.ts";

const generated = 6_500;
/** Who asks again before the answer is cut: of what is generated for one connection, so much is sent on it. */
const togetherOf = 4;
const seed = 20_260_614;
const atOnce = 48;
const longestAnswerMs = 5_000;

interface Case {
  readonly from: string;
  readonly messages: readonly Message[];
  readonly parts: readonly string[];
}

/** Each message on a connection of its own, but for a quarter of those that were made for the same one. */
function casesOf(count: number): readonly Case[] {
  const from = Object.values(sources);
  const sent = fc.sample(connection, { numRuns: count, seed });
  return sent.flatMap(({ messages, parts }, index) => {
    const source = from[index % from.length] ?? sources.bound;
    const isTogether = messages.length === 1 || index % togetherOf === 0;
    if (isTogether) return [{ messages, parts, from: source }];
    return messages.map((message) => ({ messages: [message], parts: [message.bytes], from: source }));
  });
}

/** Sends all cases, some at a time, and answers what came of each, in their order. */
async function sendAll(
  { clock }: FuzzWorld,
  port: number,
  cases: readonly Case[],
): Promise<readonly Conversation[]> {
  const results: Conversation[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) {
      const { from, parts } = cases[index] ?? assert.fail();
      results[index] = await converse({ port, from }, parts);
      // Calls to IMDS are spread over time, so some has to pass.
      clock.advance(100);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** What is wrong with how these cases were answered; empty when nothing is. */
function violations(
  world: FuzzWorld,
  cases: readonly Case[],
  conversations: readonly Conversation[],
): readonly string[] {
  const found: string[] = [];
  const tokens = new Map<string, number>();
  for (const [index, { from, messages, parts }] of cases.entries()) {
    const { answers, tookMs } = conversations[index] ?? assert.fail();
    const given = answers.filter(isToken).length;
    // A body that holds a request is one more request when the request before it had no body to say so.
    const canonical = messages.reduce(
      (sum, message) => sum + Number(isCanonical(message)) + Number(holdsRequest(message)),
      0,
    );
    const shown = JSON.stringify(parts.join("")).slice(0, 500);
    if (given > canonical) found.push(`a token for ${shown}`);
    if (tookMs > longestAnswerMs) found.push(`${tookMs} ms for ${shown}`);
    if (answers.some(({ status }) => status === 500)) found.push(`500 for ${shown}`);
    tokens.set(from, (tokens.get(from) ?? 0) + given);
  }
  // One for each token at the least: a cached one takes one, a fetched one two.
  if ((tokens.get(sources.bound) ?? 0) > (world.allowed.get("web") ?? 0))
    found.push("tokens without a decision: web");
  // That a pod is excepted is kept for a second.
  if ((tokens.get(sources.excepted) ?? 0) > 0 && !world.allowed.has("excepted"))
    found.push("tokens without a decision: excepted");
  for (const from of [sources.unbound, sources.nobody]) {
    if ((tokens.get(from) ?? 0) > 0) found.push(`tokens for ${from}, whom nothing allows any`);
  }
  return [...found, ...unapproved(world.journal()).map((entry) => `upstream: ${entry}`)];
}

function holdsRequest({ bytes }: Message): boolean {
  return bytes.indexOf("GET ", 1) > 0;
}

test("whatever bytes are sent, no token without a decision and no byte upstream from an unapproved path", async (t) => {
  const world = await startFuzzWorld(t);
  const cases = casesOf(generated);
  const conversations = await sendAll(world, world.port, cases);
  assert.deepEqual(violations(world, cases, conversations).slice(0, 5), [], `seed ${seed}`);

  const requests = cases.reduce((sum, { messages }) => sum + messages.length, 0);
  const answers = conversations.flatMap((conversation) => conversation.answers);
  const statuses = Map.groupBy(answers, ({ status }) => status);
  const sent = `${requests} requests over ${cases.length} connections`;
  t.diagnostic(`${sent}, ${answers.length} answered, seed ${seed}`);
  t.diagnostic(
    [...statuses]
      .map(([status, all]) => `${status}: ${all.length}`)
      .toSorted()
      .join(", "),
  );
  assert.ok(answers.length >= 10_000, `${answers.length} answers`);
  assert.ok(answers.filter(isToken).length >= 100, "many requests are such as SDKs send");
  for (const status of [200, 400, 403, 404, 405])
    assert.ok(statuses.has(status), `some are answered ${status}`);

  // Of what clients write, the resource alone may be told, once it has been judged.
  const log = world.log().replaceAll(/"resource":"[^"]*"/g, "");
  assert.ok(log.length > 1000);
  assert.doesNotMatch(log, new RegExp(canary));
});

/** Sends one after the other; answers which of them got a token although the policy said yes to nothing meanwhile. */
async function undecided(world: FuzzWorld, cases: readonly Case[]): Promise<readonly string[]> {
  const { clock, allowed, port } = world;
  const sum = (): number => [...allowed.values()].reduce((all, one) => all + one, 0);
  const found: string[] = [];
  let tokens = 0;
  for (const { from, parts } of cases) {
    // By then nothing that the policy said before is kept.
    clock.advance(1_000);
    const before = sum();
    const { answers } = await converse({ port, from }, parts);
    const given = answers.filter(isToken).length;
    tokens += given;
    if (sum() - before < given) found.push(JSON.stringify(parts.join("")).slice(0, 500));
  }
  assert.ok(tokens >= 100, `${tokens} tokens`);
  return found;
}

function likelyCases(): readonly Case[] {
  const served: ReadonlySet<string> = new Set([sources.bound, sources.excepted]);
  const isLikely = ({ messages, from }: Case): boolean => messages.every(isCanonical) && served.has(from);
  return casesOf(generated).filter(isLikely).slice(0, 250);
}

test("each token has a decision of its own, made while it was asked for", async (t) => {
  assert.deepEqual(await undecided(await startFuzzWorld(t), likelyCases()), []);
});

test("an agent that asks for all decisions but one in twenty is found out", async (t) => {
  const world = await startFuzzWorld(t, { isForgetful: true });
  assert.ok((await undecided(world, likelyCases())).length > 0);
});

test("an agent that sends on what it gets is found out", async (t) => {
  const world = await startFuzzWorld(t);
  const port = await startForwarder(t, world.imdsUrl);
  const cases = casesOf(200);
  const found = violations(world, cases, await sendAll(world, port, cases));
  assert.ok(found.some((text) => text.startsWith("tokens for")));
  assert.ok(found.some((text) => text.startsWith("tokens without a decision")));
  assert.ok(found.some((text) => text.startsWith("upstream:")));
});
