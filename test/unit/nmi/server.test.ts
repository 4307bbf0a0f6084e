import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";

import { Hono } from "hono";

import type { NmiEnv } from "../../../src/nmi/app.ts";
import { createNmi } from "../../../src/nmi/nmi.ts";
import { listen } from "../../../src/nmi/server.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { startBoundPod, web } from "./bound-pod.ts";
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

  for (const expectation of ["foo", "100-continue"]) {
    it(`answers a request that expects ${expectation} by its routes, as JSON`, async () => {
      const bytes = `GET /none HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: ${expectation}\r\n${end}`;
      const logged = daemon.nextLine();
      const received = await sendRaw(daemon.port, bytes);
      assert.match(received, /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 404 /);
      assert.match(received, /"error":"not_found"/);
      assert.partialDeepStrictEqual(await logged, { status: 404 });
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
});

/** A connection that the daemon has accepted, and nothing has been sent on it. */
async function connected(
  daemon: Daemon,
): Promise<{ readonly socket: Socket; readonly received: Promise<string> }> {
  const socket = connect({ host: "127.0.0.1", port: daemon.port, localAddress: "127.0.0.3" });
  await once(socket, "connect");
  // Connections are accepted in their order: by this answer that one has been, too.
  await daemon.ask({ from: "127.0.0.2" });
  return { socket, received: text(socket) };
}

describe("the connections of one address", () => {
  it("are not answered beyond 200 and cut after a second, and take none from others", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const open = (): Socket => connect({ host: "127.0.0.1", port: daemon.port, localAddress: "127.0.0.3" });
    const kept = Array.from({ length: 200 }, open);
    await Promise.all(kept.map((socket) => once(socket, "connect")));
    const counted = daemon.clock.timerStarted();
    const beyond = open();
    beyond.write(`GET ${tokenPath} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`);
    await counted;
    assert.equal((await daemon.ask({ from: "127.0.0.2" })).status, 400);
    daemon.clock.advance(999);
    assert.equal((await daemon.ask({ from: "127.0.0.2" })).status, 400);
    assert.equal(beyond.readyState, "open");
    daemon.clock.advance(1);
    assert.equal(await text(beyond), "");
    assert.deepEqual(new Set(kept.map(({ readyState }) => readyState)), new Set(["open"]));
    const [first = assert.fail("none is open")] = kept;
    first.end();
    await once(first.resume(), "close");
    assert.equal((await daemon.ask({ from: "127.0.0.3" })).status, 400);
    for (const socket of kept) socket.destroy();
    await daemon.nmi.close();
  });
});

describe("a connection that asks before it is answered", () => {
  const request = `GET ${tokenPath} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`;

  it("is cut, and what it asked for is let go", async () => {
    const release = Promise.withResolvers<void>();
    const seen = { count: 0 };
    const app = new Hono<NmiEnv>();
    app.all("*", async () => {
      seen.count += 1;
      await release.promise;
      return new Response("held");
    });
    const clock = createSimulatedClock(0);
    const bounds = { mostPerAddress: 200, cutAfterMs: 1_000, unreadMs: 70_000 };
    const server = await listen({ app, clock }, { host: "127.0.0.1", port: 0 }, bounds);
    const socket = connect({ host: "127.0.0.1", port: server.address.port });
    socket.on("error", () => undefined);
    socket.write(request.repeat(50));
    await once(socket.resume(), "close");
    assert.equal(seen.count, 1);
    // Nothing is under way any more, so there is nothing to wait for.
    await server.close(() => assert.fail("it waits for answers that nobody can get"));
    release.resolve();
  });
});

describe("an answer that nobody reads", () => {
  it("is given up with its connection, and a request that waits as long is not", async () => {
    const given = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => given.resolve(),
    });
    const asked = Promise.withResolvers<void>();
    const app = new Hono<NmiEnv>();
    app.get("/endless", () => new Response(endless));
    app.get("/held", async () => {
      asked.resolve();
      await release.promise;
      return new Response("held");
    });
    const bounds = { mostPerAddress: 200, cutAfterMs: 1_000, unreadMs: 50 };
    const clock = createSimulatedClock(0);
    const server = await listen({ app, clock }, { host: "127.0.0.1", port: 0 }, bounds);
    const { port } = server.address;
    const held = sendRaw(port, "GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await asked.promise;
    const unread = connect({ host: "127.0.0.1", port });
    unread.pause().write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    await given.promise;
    release.resolve();
    assert.match(await held, /^HTTP\/1\.1 200 .*\r\n\r\n.*held/s);
    unread.destroy();
    await server.close(() => undefined);
  });
});

describe("a daemon that stops", () => {
  it("answers whoever has connected already, and says that the connection ends", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const { socket, received } = await connected(daemon);
    const closed = daemon.nmi.close();
    await refusedConnection(daemon.port);
    socket.write(`GET ${tokenPath} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`);
    assert.match(await received, /^HTTP\/1\.1 400 .*connection: close\r\n.*Required metadata header/is);
    await closed;
  });

  it("cuts connections that do not ask within a second", async () => {
    const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z" });
    const silent = await connected(daemon);
    const half = await connected(daemon);
    half.socket.write("GET / HTTP/1.1\r\nHost:");
    const closed = daemon.nmi.close();
    await refusedConnection(daemon.port);
    daemon.clock.advance(1_000);
    await closed;
    assert.deepEqual(await Promise.all([silent.received, half.received]), ["", ""]);
  });

  it("goes on accepting until the requests in flight are answered, and ends then", async () => {
    const daemon = await startBoundPod();
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<undefined>();
    daemon.azure.onAcquire = () => {
      asked.resolve();
      return release.promise;
    };
    const inFlight = daemon.askToken(web);
    await asked.promise;
    const closed = daemon.nmi.close();
    const meanwhile = await daemon.ask({ from: "127.0.0.2" });
    assert.deepEqual([meanwhile.status, meanwhile.headers.connection], [400, "close"]);
    release.resolve(undefined);
    assert.equal((await inFlight).status, 200);
    await closed;
    await refusedConnection(daemon.port);
  });

  it("answers 503 to requests that do not end within 5 s of closing", async () => {
    const daemon = await startBoundPod();
    const asked = Promise.withResolvers<void>();
    daemon.azure.onAcquire = () => {
      asked.resolve();
      return new Promise<undefined>(() => undefined);
    };
    const inFlight = daemon.askToken(web);
    await asked.promise;
    const closed = daemon.nmi.close();
    daemon.clock.advance(5_000);
    const { status, headers } = await inFlight;
    assert.deepEqual([status, headers["retry-after"], headers.connection], [503, "10", "close"]);
    await closed;
  });
});

/** Resolves once nobody listens at the port. */
async function refusedConnection(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ host: "127.0.0.1", port });
    const isRefused = await Promise.race([
      once(socket, "connect").then(() => false),
      once(socket, "error").then(() => true),
    ]).catch(() => true);
    socket.destroy();
    if (isRefused) return;
  }
}
