import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { z } from "zod";

import { clientIDOf } from "../manifests.ts";
import { nodeAddress, whyNoNamespaces } from "./namespaces.ts";
import { objectIDOf, resourceIDOf, type PodName } from "./node-objects.ts";
import { startNodeWorld, whyNoRules, type NodeWorld } from "./node-world.ts";
import { clients, type Client } from "./programs.ts";
import { resultsSchema, type Ask, type Call } from "./programs/ask.ts";

// Azure's SDKs as their makers publish them, each in a pod of its own network, with 169.254.169.254 where they expect it.
// What NMI's access log has of their requests is compared with reference/azure.md §1.

const resource = "https://vault.azure.net";
const noNamespaces = await whyNoNamespaces();
const noRules = noNamespaces || (await whyNoRules());

if (noNamespaces !== false) for (const { name } of clients) it(name, { skip: noNamespaces });

describe("at 169.254.169.254, in a pod's own network", { skip: noNamespaces }, () => {
  let world: NodeWorld;
  before(async () => {
    world = await startNodeWorld({ rules: noRules === false });
  });
  after(() => world.close());

  it(
    "is where podid's own rules lead: nobody has that address, and NMI's own is closed to pods",
    {
      skip: noRules,
    },
    async () => {
      const toAgent = world.run("open", [
        "curl",
        "--silent",
        "--max-time",
        "5",
        `http://${nodeAddress}:2579/`,
      ]);
      await assert.rejects(toAgent, { code: 7 }, "refused, as CURLE_COULDNT_CONNECT says");
    },
  );

  /** What came of these questions, and the statuses that NMI answered meanwhile. */
  async function ask(
    { command }: Client,
    pod: PodName,
    ...asks: readonly Partial<Ask>[]
  ): Promise<{ readonly calls: readonly Call[]; readonly statuses: readonly number[] }> {
    world.served(pod);
    const output = await world.run(pod, [...command, JSON.stringify(asks.map(completed))]);
    const statuses = world.served(pod).map(({ status }) => status);
    return { calls: resultsSchema.parse(JSON.parse(output)).flat(), statuses };
  }

  for (const client of clients) {
    describe(client.name, { skip: client.missing }, () => {
      it("gets its pod's token by client id, object id, resource id and without any, and keeps it", async () => {
        const { calls, statuses } = await ask(
          client,
          "open",
          { clientID: clientIDOf("open"), times: 2 },
          { objectID: objectIDOf("open"), times: 2 },
          { resourceID: resourceIDOf("open"), times: 2 },
          { times: 2 },
        );
        assert.deepEqual(calls.map(ownerOf), Array(8).fill(clientIDOf("open")));
        assert.deepEqual(statuses, Array(client.caches ? 4 : 8).fill(200));
      });

      it("waits for its first token until the identity is assigned", async () => {
        const answered = ask(client, "late", { clientID: clientIDOf("late") });
        await world.waiting(1);
        await world.assign("late");
        const { calls, statuses } = await answered;
        await world.release("late");
        assert.deepEqual(calls.map(ownerOf), [clientIDOf("late")]);
        assert.deepEqual(statuses, [200]);
      });

      it("is refused outside the window at once, and shows why", async () => {
        const { calls, statuses } = await ask(client, "closed", { clientID: clientIDOf("closed") }, {});
        for (const call of calls) assert.match(messageOf(call), /OutsideSchedule; opens 20/);
        assert.deepEqual(statuses, [403, 403]);
      });

      it("is refused another pod's identity at once, and asks again the next time", async () => {
        const asked = { clientID: clientIDOf("closed"), times: 2 };
        const { calls, statuses } = await ask(client, "open", asked);
        for (const call of calls) assert.match(messageOf(call), /Identity not found/);
        assert.deepEqual(statuses, [400, 400]);
      });

      const { chain } = client;
      if (chain === null) return;

      it("gets a token by DefaultAzureCredential, whose probe is answered", async () => {
        const asked = { credential: "chain", clientID: clientIDOf("open"), times: 2 } as const;
        const { calls, statuses } = await ask(client, "open", asked);
        assert.deepEqual(calls.map(ownerOf), Array(2).fill(clientIDOf("open")));
        assert.deepEqual(statuses, chain.probesEachTime ? [400, 200, 400] : [400, 200]);
      });

      const end = chain.goesOn ? "goes on to the next credential" : "ends";
      for (const { pod, status, text } of [
        { pod: "closed", status: 403, text: /OutsideSchedule/ },
        { pod: "open", status: 400, text: /Identity not found/ },
      ] as const) {
        it(`${end} in DefaultAzureCredential after a ${status}`, async () => {
          const clientID = clientIDOf(status === 400 ? "nobody" : pod);
          const { calls, statuses } = await ask(client, pod, { credential: "chain", clientID });
          for (const call of calls) {
            assert.match(messageOf(call), text);
            assert.equal(/Azure ?CLI/i.test(messageOf(call)), chain.goesOn);
          }
          assert.deepEqual(statuses, [400, status]);
        });
      }
    });
  }

  describe("while the daemon is replaced", () => {
    const here = clients.filter(({ missing }) => missing === false);
    const answers = new Map<Client, ReturnType<typeof ask>>();
    before(async () => {
      for (const client of here) {
        const answer = ask(client, "late", { clientID: clientIDOf("late") });
        answer.catch(() => undefined);
        answers.set(client, answer);
      }
      await world.waiting(here.length);
      await world.replace();
      await world.assign("late");
    });

    for (const client of clients) {
      const end = client.retries ? "gets its token from the next one" : "is told to ask again";
      it(`${client.name}, which waits for its token, ${end}`, { skip: client.missing }, async () => {
        const { calls = [] } = (await answers.get(client)) ?? {};
        if (client.retries) assert.deepEqual(calls.map(ownerOf), [clientIDOf("late")]);
        else assert.match(calls.map(messageOf).join(), /the agent is restarting/);
      });
    }
  });
});

function completed(ask: Partial<Ask>): Ask {
  return { credential: "managed", resource, times: 1, ...ask };
}

const claimsSchema = z.object({ appid: z.string(), aud: z.literal(resource) });

/** Whose the token is, by its own claims. */
function ownerOf(call: Call): string {
  if (!call.ok) return assert.fail(`${call.kind}: ${call.message}`);
  const claims = Buffer.from(call.token.split(".")[1] ?? "", "base64url").toString("utf8");
  return claimsSchema.parse(JSON.parse(claims)).appid;
}

function messageOf(call: Call): string {
  return call.ok ? assert.fail("a token was handed out") : call.message;
}
