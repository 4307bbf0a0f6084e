import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";

import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { connectionTo, failToRenew, json, statusBody, useLoopback } from "./loopback-api.ts";

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

function answerNothing(_: unknown, response: ServerResponse): void {
  json(response, 200, {});
}

const pods = { method: "GET", path: "/api/v1/pods" } as const;

describe("a call", () => {
  it("sends path, query, body and who we are, and answers the parsed body", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response) => json(response, 200, { ok: [1] }));
    const answer = await api.call({
      method: "PATCH",
      path: "/api/v1/namespaces/shop/pods/web-0/status",
      query: { fieldManager: "podid-controller", force: "true" },
      bodyType: "application/apply-patch+yaml",
      body: { status: { phase: "ü" } },
    });
    assert.deepEqual(answer, { ok: [1] });
    const [request] = seen;
    assert.equal(request?.method, "PATCH");
    assert.equal(
      request.url,
      "/api/v1/namespaces/shop/pods/web-0/status?fieldManager=podid-controller&force=true",
    );
    assert.equal(request.body, '{"status":{"phase":"ü"}}');
    const { authorization, accept } = request.headers;
    assert.deepEqual([authorization, accept], ["Bearer t", "application/json"]);
    assert.equal(request.headers["content-type"], "application/apply-patch+yaml");
    assert.equal(request.headers["accept-encoding"], "identity");
    assert.equal(request.headers["user-agent"], "podid/1.2.3");
  });

  it("goes below the path of the server, answers text that is no JSON as it is, and undefined for nothing", async (t) => {
    const { api, seen } = await useLoopback(
      t,
      ({ url }, response) => {
        if (url.endsWith("/readyz")) response.writeHead(200, { "content-type": "text/plain" }).end("ok");
        else response.writeHead(204).end();
      },
      { connection: (url) => connectionTo(`${url}/clusters/one`) },
    );
    assert.equal(await api.call({ method: "GET", path: "/readyz" }), "ok");
    assert.equal(await api.call(pods), undefined);
    assert.deepEqual(
      seen.map(({ url }) => url),
      ["/clusters/one/readyz", "/clusters/one/api/v1/pods"],
    );
  });

  for (const [status, reason, code] of [
    [400, "BadRequest", "Invalid"],
    [401, "Unauthorized", "Unauthorized"],
    [403, "Forbidden", "Forbidden"],
    [404, "NotFound", "NotFound"],
    [409, "AlreadyExists", "AlreadyExists"],
    [409, "Conflict", "Conflict"],
    [410, "Expired", "Expired"],
    [415, "UnsupportedMediaType", "Invalid"],
    [422, "Invalid", "Invalid"],
    [429, "TooManyRequests", "Throttled"],
    [500, "InternalError", "Unreachable"],
    [503, "ServiceUnavailable", "Unreachable"],
  ] as const) {
    it(`fails with ${code} for ${status} ${reason}, in the server's words`, async (t) => {
      const { api } = await useLoopback(t, (_, response) =>
        json(response, status, statusBody(status, reason, "the reason in full")),
      );
      await assert.rejects(api.call(pods), {
        name: "KubernetesError",
        code,
        message: `GET /api/v1/pods: ${status} the reason in full`,
        retryAfterMs: null,
      });
    });
  }

  it("takes a resourceVersion of the future for one that the server does not have", async (t) => {
    const { api } = await useLoopback(t, (_, response) =>
      json(response, 504, {
        ...Object(statusBody(504, "Timeout", "Too large resource version: 99, current: 5")),
        details: { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 },
      }),
    );
    await assert.rejects(api.call(pods), { code: "Expired", retryAfterMs: 1000 });
  });

  it("repeats a read as the server asks for it, in seconds or by date", async (t) => {
    const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
    const { api, seen } = await useLoopback(
      t,
      (_, response, count) => {
        if (count === 1) json(response, 429, {}, { "retry-after": "2" });
        else if (count === 2) json(response, 503, {}, { "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" });
        else json(response, 200, {});
      },
      { clock },
    );
    const answer = api.call(pods);
    while (seen.length < 1 || clock.nextTimerInMs() !== 2000) await clock.timerStarted();
    clock.advance(2000);
    while (seen.length < 2 || clock.nextTimerInMs() !== 3000) await clock.timerStarted();
    clock.advance(3000);
    assert.deepEqual(await answer, {});
    assert.equal(seen.length, 3);
  });

  it("never repeats a write, but says how long to stay away", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response) =>
      json(response, 429, {}, { "retry-after": "3" }),
    );
    await assert.rejects(api.call({ ...pods, method: "POST", body: {} }), {
      code: "Throttled",
      retryAfterMs: 3000,
    });
    assert.equal(seen.length, 1);
  });

  it("renews the credentials once after a 401, for a write as well", async (t) => {
    const { api, seen } = await useLoopback(
      t,
      ({ headers }, response) => json(response, headers.authorization === "Bearer new" ? 201 : 401, {}),
      { connection: (url) => connectionTo(url, async (renew) => (renew ? "Bearer new" : "Bearer old")) },
    );
    assert.deepEqual(await api.call({ ...pods, method: "POST", body: {} }), {});
    assert.equal(seen.length, 2);
  });

  it("fails at its deadline, and at the caller's wish with the caller's reason", async (t) => {
    const clock = createSimulatedClock(0);
    const { api } = await useLoopback(t, () => {}, { clock });
    const late = api.call({ ...pods, deadlineMs: 5000 });
    while (clock.nextTimerInMs() === null) await clock.timerStarted();
    clock.advance(5000);
    await assert.rejects(late, { code: "Unreachable", message: "GET /api/v1/pods: no answer within 5 s" });
    const abort = new AbortController();
    const aborted = api.call({ ...pods, signal: abort.signal });
    const reason = new Error("not wanted any more");
    abort.abort(reason);
    await assert.rejects(aborted, reason);
  });

  it("fails with Unreachable when nobody listens, and says nothing of what a bad answer holds", async (t) => {
    const { api } = await useLoopback(t, (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('{"password": hunter2'),
    );
    await assert.rejects(api.call(pods), (error: Error) => {
      assert.match(error.message, /no JSON/);
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/);
      return true;
    });
    const { api: nobody } = await useLoopback(t, () => {}, {
      connection: () => connectionTo("http://127.0.0.1:1"),
    });
    await assert.rejects(nobody.call(pods), { code: "Unreachable" });
  });

  it("is held back beyond the burst, and not at all without a rate", async (t) => {
    const clock = createSimulatedClock(0);
    const { api, seen } = await useLoopback(t, answerNothing, { clock, rate: { perSecond: 2, burst: 3 } });
    const calls = Array.from({ length: 5 }, () => api.call(pods));
    await Promise.all(calls.slice(0, 3));
    assert.equal(seen.length, 3);
    clock.advance(500);
    await calls[3];
    assert.equal(seen.length, 4);
    clock.advance(500);
    await calls[4];
    const { api: free, seen: all } = await useLoopback(t, answerNothing, { clock, rate: null });
    await Promise.all(Array.from({ length: 60 }, () => free.call(pods)));
    assert.equal(all.length, 60);
  });

  it("tells by how much the server's clock is ahead", async (t) => {
    const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
    const { api } = await useLoopback(
      t,
      (_, response) => json(response, 200, {}, { date: "Thu, 01 Jan 2026 00:01:00 GMT" }),
      { clock },
    );
    assert.equal(api.clockSkewMs(), null);
    await api.call(pods);
    assert.equal(api.clockSkewMs(), 60_500);
  });

  it("fails when the client is closed", async (t) => {
    const { api } = await useLoopback(t, () => {});
    const call = api.call(pods);
    await api.close();
    await assert.rejects(call, { code: "Unreachable", message: "the client is closed" });
    await assert.rejects(api.call(pods), { code: "Unreachable" });
  });

  it("makes new connections when what is trusted has changed, and only then", async (t) => {
    let tls = {};
    const { api, connections } = await useLoopback(t, answerNothing, {
      connections: 1,
      connection: (url) => ({ ...connectionTo(url), tls: async () => tls }),
    });
    await api.call(pods);
    await api.call(pods);
    assert.equal(connections(), 1);
    tls = {};
    await api.call(pods);
    assert.equal(connections(), 2);
  });
});

describe("a watch of the client", () => {
  const watch = { path: "/api/v1/pods", query: { watch: "true" } };

  it("answers its lines on a connection of its own, and destroys it when it is left", async (t) => {
    const closed = Promise.withResolvers<void>();
    const { api, seen, connections } = await useLoopback(t, ({ url }, response) => {
      if (!url.includes("watch=true")) return json(response, 200, {});
      response.on("close", () => closed.resolve());
      response.writeHead(200).write('{"a":1}\n{"b":2}\n{"torn"');
    });
    await api.call(pods);
    const lines: string[] = [];
    for await (const line of await api.watch({ ...watch, signal: new AbortController().signal })) {
      lines.push(line);
      if (lines.length === 2) break;
    }
    await closed.promise;
    await api.call(pods);
    assert.deepEqual(lines, ['{"a":1}', '{"b":2}']);
    assert.equal(connections(), 2);
    assert.equal(seen[1]?.headers["accept-encoding"], "identity");
  });

  it("is destroyed by its signal, with the signal's reason", async (t) => {
    const closed = Promise.withResolvers<void>();
    const { api } = await useLoopback(t, (_, response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200).write("{}\n");
    });
    const abort = new AbortController();
    const lines = (await api.watch({ ...watch, signal: abort.signal }))[Symbol.asyncIterator]();
    assert.deepEqual(await lines.next(), { done: false, value: "{}" });
    const next = lines.next();
    const reason = new Error("silent for too long");
    abort.abort(reason);
    await assert.rejects(next, reason);
    await closed.promise;
  });

  it("ends when the server ends it, and fails when the connection breaks", async (t) => {
    const { api } = await useLoopback(t, (_, response, count) => {
      response.writeHead(200).write("{}\n");
      setImmediate(() => (count === 1 ? response.end() : response.destroy()));
    });
    const { signal } = new AbortController();
    assert.deepEqual(await collect(await api.watch({ ...watch, signal })), ["{}"]);
    await assert.rejects(collect(await api.watch({ ...watch, signal })), { code: "Unreachable" });
  });

  it("fails as a call does when the server refuses, with new credentials tried first", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response, count) =>
      count === 1 ? json(response, 401, {}) : json(response, 410, statusBody(410, "Expired", "too old")),
    );
    const { signal } = new AbortController();
    await assert.rejects(api.watch({ ...watch, signal }), { code: "Expired" });
    assert.equal(seen.length, 2);
  });

  it("leaves no connection when there are no new credentials", { timeout: 10_000 }, async (t) => {
    const closed = Promise.withResolvers<void>();
    const { api } = await useLoopback(
      t,
      (_, response) => void response.on("close", closed.resolve).writeHead(401).write("refused"),
      { connection: (url) => connectionTo(url, failToRenew) },
    );
    await assert.rejects(api.watch({ ...watch, signal: new AbortController().signal }), /no token/);
    await closed.promise;
  });

  it("fails when the server does not begin to answer within 10 s", async (t) => {
    const clock = createSimulatedClock(0);
    const { api } = await useLoopback(t, () => {}, { clock });
    const opening = api.watch({ ...watch, signal: new AbortController().signal });
    while (clock.nextTimerInMs() === null) await clock.timerStarted();
    clock.advance(10_000);
    await assert.rejects(opening, { code: "Unreachable" });
  });
});
