import { z } from "zod";

/** What a client program is asked: a list of these, as JSON, is its only argument. */
const askSchema = z.strictObject({
  credential: z.enum(["managed", "chain"]),
  clientID: z.string().optional(),
  objectID: z.string().optional(),
  resourceID: z.string().optional(),
  resource: z.string(),
  /** How often the same credential is asked for a token. */
  times: z.int(),
});
export type Ask = z.infer<typeof askSchema>;

/** What came of one question: a token, or the SDK's error. */
const callSchema = z.union([
  z.strictObject({ ok: z.literal(true), token: z.string() }),
  z.strictObject({ ok: z.literal(false), kind: z.string(), message: z.string() }),
]);
export type Call = z.infer<typeof callSchema>;

/** What a client program prints: for each ask its calls. */
export const resultsSchema = z.array(z.array(callSchema));

/** Asks each credential as often as it says, one after the other, and prints what came of it. */
export async function answerAsks(credentialFor: (ask: Ask) => () => Promise<string>): Promise<void> {
  const asks = z.array(askSchema).parse(JSON.parse(process.argv[2] ?? "[]"));
  const results: Call[][] = [];
  for (const ask of asks) {
    const getToken = credentialFor(ask);
    const calls: Call[] = [];
    for (let time = 0; time < ask.times; time += 1) calls.push(await callOf(getToken));
    results.push(calls);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

async function callOf(getToken: () => Promise<string>): Promise<Call> {
  try {
    return { ok: true, token: await getToken() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { ok: false, kind: name, message };
  }
}
