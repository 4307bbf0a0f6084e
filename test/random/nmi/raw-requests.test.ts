import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { canary, connection, type Message } from "./grammar.ts";
import { sources, startForwarder, startFuzzWorld, type FuzzWorld } from "./fuzz-world.ts";
import { isCanonical, isToken, unapproved } from "./oracle.ts";
import { converse, type Conversation } from "./raw-socket.ts";

const connections = 6_000;
const seed = 20_260_614;
const atOnce = 48;
const longestAnswerMs = 5_000;

interface Case {
  readonly from: string;
  readonly messages: readonly Message[];
  readonly parts: readonly string[];
}

function casesOf(count: number): readonly Case[] {
  const from = Object.values(sources);
  const sent = fc.sample(connection, { numRuns: count, seed });
  return sent.map(({ messages, parts }, index) => {
    const source = from[index % from.length] ?? sources.bound;
    return { messages, parts, from: source };
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
  const mostTokens = { web: sources.bound, excepted: sources.excepted };
  for (const [pod, from] of Object.entries(mostTokens)) {
    // One for each token at the least: a cached one takes one, a fetched one two.
    if ((tokens.get(from) ?? 0) > (world.allowed.get(pod) ?? 0))
      found.push(`tokens without a decision: ${pod}`);
  }
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
  const cases = casesOf(connections);
  const conversations = await sendAll(world, world.port, cases);
  assert.deepEqual(violations(world, cases, conversations).slice(0, 5), [], `seed ${seed}`);

  const requests = cases.reduce((sum, { messages }) => sum + messages.length, 0);
  const answers = conversations.flatMap((conversation) => conversation.answers);
  const statuses = Map.groupBy(answers, ({ status }) => status);
  t.diagnostic(`${requests} requests over ${connections} connections, seed ${seed}`);
  t.diagnostic(
    [...statuses]
      .map(([status, all]) => `${status}: ${all.length}`)
      .toSorted()
      .join(", "),
  );
  assert.ok(requests >= 10_000, `${requests} requests`);
  assert.ok(answers.filter(isToken).length >= 100, "many requests are such as SDKs send");
  for (const status of [200, 400, 403, 404, 405])
    assert.ok(statuses.has(status), `some are answered ${status}`);

  // Of what clients write, the resource alone may be told, once it has been judged.
  const log = world.log().replaceAll(/"resource":"[^"]*"/g, "");
  assert.ok(log.length > 1000);
  assert.doesNotMatch(log, new RegExp(canary));
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
