import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { useLoopback } from "./loopback-api.ts";

const pods = { method: "GET", path: "/api/v1/pods" } as const;

describe("a request whose answer is read whole", () => {
  it("is given up while it waits for a free connection, and in the middle of its answer, and holds up nobody", async (t) => {
    const begun = Promise.withResolvers<void>();
    const { api, seen } = await useLoopback(
      t,
      (_, response, count) => {
        response.writeHead(200, { "content-type": "application/json" });
        if (count === 1) response.write('{"half":', () => begun.resolve());
        else response.end("{}");
      },
      { connections: 1 },
    );
    const [first, second] = [new AbortController(), new AbortController()];
    const torn = api.call({ ...pods, signal: first.signal });
    await begun.promise;
    const waiting = api.call({ ...pods, signal: second.signal });
    const third = api.call(pods);
    second.abort(new Error("waited long enough"));
    await assert.rejects(waiting, /waited long enough/);
    first.abort(new Error("read enough"));
    await assert.rejects(torn, /read enough/);
    await third;
    assert.equal(seen.length, 2);
  });

  it("goes out only when it may, asked when a connection takes it", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response) => response.writeHead(204).end());
    const call = { ...pods, method: "POST", body: {} } as const;
    const refusal = new Error("another controller leads now");
    const refuse = (): void => {
      throw refusal;
    };
    await assert.rejects(api.call({ ...call, beforeSend: refuse }), { code: "Unreachable", cause: refusal });
    assert.equal(seen.length, 0);
    await api.call({ ...call, beforeSend: () => assert.equal(seen.length, 0) });
    assert.equal(seen.length, 1);
  });

  it("fails when the connection breaks in the middle of the answer", async (t) => {
    const { api } = await useLoopback(t, (_, response) => {
      response
        .writeHead(200, { "content-type": "application/json" })
        .write('{"half":', () => response.destroy());
    });
    await assert.rejects(api.call(pods), { code: "Unreachable" });
  });
});
