import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { z } from "zod";

import { binding, clientIDOf, managedIdentity, manifest, node, pod } from "../manifests.ts";
import type { Caller } from "../token-request.ts";
import { startWorld, type World } from "../world.ts";
import { objectIDOf, resourceIDOf } from "./node-objects.ts";
import { discoveryShape, hostTokenShape, probeShapes, tokenShapes, type Shape } from "./shapes.ts";

// Requests of SDKs that are not run here, as reference/azure.md has them; the answers are checked for what breaks the SDKs.

const timeBox = { notAfter: "2026-06-14T00:00:00Z" };

/** All strings, and nothing else: numbers break Rust, a missing key breaks one or another (reference/azure.md §1.5). */
const tokenSchema = z.strictObject({
  access_token: z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  client_id: z.guid(),
  expires_in: z.string().regex(/^\d+$/),
  expires_on: z.string().regex(/^\d{10}$/),
  ext_expires_in: z.string().regex(/^\d+$/),
  not_before: z.string().regex(/^\d{10}$/),
  resource: z.string(),
  token_type: z.literal("Bearer"),
});
/** Numbers may be strings, but not empty ones. */
const count = z.union([z.int(), z.string().regex(/^\d+$/)]);
const hostTokenSchema = z.object({
  clientid: z.guid(),
  token: z.object({
    access_token: z.string().min(1),
    refresh_token: z.string(),
    expires_in: count,
    expires_on: count,
    not_before: count,
    resource: z.string(),
    token_type: z.string(),
  }),
});
const refusalSchema = z.strictObject({ error: z.string(), error_description: z.string() });

interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends the shape for this pod's identity from this pod's address, and reads one answer. */
function replay({ lines }: Pick<Shape, "lines">, name: string, { nmi, address }: Caller): Promise<RawAnswer> {
  const text = `${lines.join("\r\n")}\r\n\r\n`
    .replaceAll("{clientID}", clientIDOf(name))
    .replaceAll("{objectID}", objectIDOf(name))
    .replaceAll("{resourceID}", resourceIDOf(name));
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect({ ...nmi, localAddress: address }, () => socket.write(text));
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
    const answer = readAnswer(received);
    if (answer === null) return;
    socket.destroy();
    resolve(answer);
  });
  socket.on("error", reject);
  socket.on("close", () => reject(new Error(`no whole answer: ${received}`)));
  return promise;
}

/** Null when there is more to come. */
function readAnswer(received: string): RawAnswer | null {
  const [head = "", body] = received.split("\r\n\r\n");
  if (body === undefined) return null;
  const [start = "", ...fields] = head.split("\r\n");
  const headers = new Map(
    fields.map((field) => {
      const [name = "", ...value] = field.split(": ");
      return [name.toLowerCase(), value.join(": ")];
    }),
  );
  if (body.length < Number(headers.get("content-length"))) return null;
  return { status: Number(start.split(" ")[1]), headers, body };
}

describe("the request of", () => {
  let world: World;
  before(async () => {
    const identities = ["open", "closed"].map((name) =>
      managedIdentity(name, { resourceID: resourceIDOf(name), objectID: objectIDOf(name) }),
    );
    const bindings = [binding("open"), binding("closed", { timeBox })];
    const pods = [pod("open", { podIP: "127.0.24.1" }), pod("closed", { podIP: "127.0.24.2" })];
    const manifests = { "all.yaml": manifest(node, ...identities, ...bindings, ...pods) };
    world = await startWorld({ at: "2026-06-15T10:00:00Z", manifests });
    await world.settle();
  });
  after(() => world.close());

  for (const shape of tokenShapes) {
    const { client, special, resource, lines } = shape;
    it(`${client} is answered with its token: ${special}`, async () => {
      const answer = await replay(shape, "open", world.callerOf("shop/open"));
      assert.equal(answer.status, 200, answer.body);
      assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
      const token = tokenSchema.parse(JSON.parse(answer.body));
      assert.deepEqual([token.client_id, token.resource], [clientIDOf("open"), resource]);
      // MSAL.NET writes both to one field, and the last one wins.
      assert.ok(answer.body.indexOf('"expires_in"') < answer.body.indexOf('"expires_on"'));
      const id = /^x-ms-(?:client-request|correlation)-id: (.*)$/m.exec(lines.join("\n"))?.[1];
      if (id !== undefined) assert.equal(answer.headers.get("x-ms-request-id"), id);
    });

    it(`${client} is refused with JSON and a reason outside the window: ${special}`, async () => {
      const answer = await replay(shape, "closed", world.callerOf("shop/closed"));
      assert.equal(answer.status, 403, answer.body);
      assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
      const refusal = refusalSchema.parse(JSON.parse(answer.body));
      assert.equal(refusal.error, "access_denied");
      assert.match(refusal.error_description, /AfterNotAfter/);
      // Three SDKs would conclude that there is no metadata service.
      assert.doesNotMatch(answer.body, /unreachable/i);
    });
  }

  for (const shape of probeShapes) {
    it(`${shape.client} for whether there is a service is answered 400 at once: ${shape.special}`, async () => {
      const answer = await replay(shape, "open", world.callerOf("shop/open"));
      assert.equal(answer.status, 400);
      // Neither "Identity not found" nor anything else that some SDK takes for a no.
      const wanted = `{"error":"invalid_request","error_description":"Required metadata header not specified"}`;
      assert.equal(answer.body, wanted);
      // MSAL.NET takes that for the real service, of which it would ask more.
      assert.doesNotMatch(answer.headers.get("server") ?? "", /IMDS/);
    });
  }

  it("the Key Vault CSI driver is answered with the token of the pod that it names", async () => {
    const { nmi } = world.callerOf("shop/open");
    const host = { nmi, address: "127.0.0.1", host: "localhost" };
    const answer = await replay(hostTokenShape, "open", host);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(hostTokenSchema.parse(JSON.parse(answer.body)).clientid, clientIDOf("open"));
  });

  it("MSAL.NET for a second version of the service is answered that there is none", async () => {
    const answer = await replay(discoveryShape, "open", world.callerOf("shop/open"));
    assert.equal(answer.status, 404);
    assert.equal(refusalSchema.parse(JSON.parse(answer.body)).error, "not_found");
  });
});
