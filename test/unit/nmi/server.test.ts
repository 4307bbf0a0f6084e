import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { createNmi } from "../../../src/nmi/nmi.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { startDaemon, tokenPath, type Daemon } from "./daemon.ts";
import { createWindowDecider } from "./window-decider.ts";

/** Sends bytes as they are and resolves with all that comes back until the server closes. */
function sendRaw(port: number, bytes: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" }, () => socket.write(bytes));
  let received = "";
  socket.on("data", (chunk: Buffer) => void (received += chunk.toString("latin1")));
  socket.on("error", reject);
  socket.on("close", () => resolve(received));
  return promise;
}

describe("raw requests", () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
  });
  after(() => daemon.nmi.close());

  const target = `${tokenPath}?resource=r`;
  const end = "Metadata: true\r\nConnection: close\r\n\r\n";
  const rows = [
    { name: "HTTP/1.0 without Host", bytes: `GET ${target} HTTP/1.0\r\n${end}` },
    { name: "HTTP/1.1 without Host", bytes: `GET ${target} HTTP/1.1\r\n${end}` },
    { name: "two Hosts", bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test\r\n${end}` },
    { name: "a Host that is no host name", bytes: `GET ${target} HTTP/1.1\r\nHost: a b\r\n${end}` },
    {
      name: "the absolute form",
      bytes: `GET http://127.0.0.1${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${end}`,
    },
    {
      name: "a broken absolute form",
      bytes: `GET http://:::${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${end}`,
    },
    {
      name: "a backslash",
      bytes: `GET /metadata\\identity/oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\n${end}`,
    },
    {
      name: "xchunked",
      bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n${end}`,
    },
    {
      name: "a chunked body",
      bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\n`,
    },
    {
      name: "both lengths",
      bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\n`,
    },
    {
      name: "Metadata twice",
      bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nMetadata: true\r\n${end}`,
    },
    { name: "no HTTP at all", bytes: "hello\r\n\r\n" },
    {
      name: "a bare CR in a header",
      bytes: `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rb\r\n${end}`,
    },
  ];
  for (const { name, bytes } of rows) {
    it(`answers ${name} with one JSON 400 or 404 and closes`, async () => {
      const received = await sendRaw(daemon.port, bytes);
      assert.match(received, /^HTTP\/1\.1 40[04] /);
      assert.match(received, /\r\n\r\n\{"error":"[a-z_]+","error_description":"[^"]+"\}$/);
      assert.deepEqual(daemon.azure.calls, []);
    });
  }

  it("closes the connection after a request with a body", async () => {
    const body = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nMetadata: true\r\nContent-Length: 5\r\n\r\nhello`;
    const received = await sendRaw(daemon.port, body);
    assert.match(received, /^HTTP\/1\.1 400 /);
    assert.match(received, /connection: close/i);
  });
});

describe("listening", () => {
  it("reports an address that is taken", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const { clock, resources, azure } = daemon;
    const second = createNmi({
      clock,
      log: createSilentLog(),
      node: null,
      resources,
      decider: createWindowDecider(resources),
      tokens: azure,
      platform: azure,
      metrics: createMetrics(),
    });
    await assert.rejects(second.listen({ host: "127.0.0.1", port: daemon.port }), { code: "EADDRINUSE" });
    await second.close();
    await daemon.nmi.close();
  });

  it("cuts requests that do not end within 5 s of closing", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const socket = connect({ host: "127.0.0.1", port: daemon.port });
    const isCut = new Promise((resolve) => void socket.on("close", resolve));
    await new Promise((resolve) => void socket.on("connect", resolve));
    socket.write("GET / HTTP/1.1\r\nHost:");
    // A whole request on another connection: by its answer the half one has been read, too.
    await daemon.ask({ from: "127.0.0.2" });
    const closed = daemon.nmi.close();
    daemon.clock.advance(5_000);
    await Promise.all([closed, isCut]);
  });
});
