import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { describe, it, type TestContext } from "node:test";

import { openRedirect } from "../../../../src/cli/demo/redirect.ts";
import { addressOf } from "../../../../src/nmi/server.ts";

/** Says who asked. */
async function startMirror(t: TestContext): Promise<Server> {
  const server = createServer((incoming, outgoing) => outgoing.end(`${incoming.socket.remoteAddress}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return server;
}

async function ask(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

describe("a pod's way to NMI", () => {
  it("carries the pod's source address, like the node's DNAT rule", async (t) => {
    const nmi = addressOf(await startMirror(t));
    const [first, second] = [await openRedirect("127.0.30.1", nmi), await openRedirect("127.0.30.2", nmi)];
    t.after(() => Promise.all([first.close(), second.close()]));
    assert.deepEqual([await ask(first.url), await ask(second.url)], ["127.0.30.1", "127.0.30.2"]);
  });

  it("breaks the connection when NMI is not there, and goes on", async (t) => {
    const server = await startMirror(t);
    const nmi = addressOf(server);
    server.close();
    await once(server, "close");
    const redirect = await openRedirect("127.0.30.1", nmi);
    t.after(() => redirect.close());
    await assert.rejects(fetch(redirect.url), TypeError);
    await assert.rejects(fetch(redirect.url), TypeError);
  });
});
