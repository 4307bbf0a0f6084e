import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import type { JsonValue } from "../../../src/kubernetes/json.ts";
import { createTokenRequester } from "../../../src/kubernetes/token-request.ts";
import { createTokenReviewer } from "../../../src/kubernetes/token-review.ts";
import { overTheWire } from "./over-the-wire.ts";

const audience = "api://AzureADTokenExchange";
const secret = "header.payload.signature";

function answering(answer: unknown): Pick<KubernetesApi, "call"> {
  return { call: async () => overTheWire(answer) };
}

const review = (status: unknown): ReturnType<ReturnType<typeof createTokenReviewer>["review"]> =>
  createTokenReviewer({ api: answering({ spec: { token: secret }, status }), audiences: [audience] }).review(
    secret,
  );

describe("a token review", () => {
  const user = { username: "system:serviceaccount:shop:web" };

  it("asks for the audiences it is made for", async () => {
    const calls: ApiCall[] = [];
    const call = (one: ApiCall): Promise<JsonValue> => {
      calls.push(one);
      return Promise.resolve({ status: { authenticated: false } });
    };
    await createTokenReviewer({ api: { call }, audiences: [audience, "b"] }).review(secret);
    assert.deepEqual(calls, [
      {
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/tokenreviews",
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenReview",
          spec: { token: secret, audiences: [audience, "b"] },
        },
      },
    ]);
  });

  for (const [what, status] of Object.entries({
    "a token that the server does not know": { authenticated: false, error: "invalid bearer token" },
    "an answer without a verdict": {},
    "a verdict without a user": { authenticated: true, audiences: [audience] },
    "a user without a name": { authenticated: true, audiences: [audience], user: { username: "" } },
    "another audience": { authenticated: true, audiences: ["other"], user },
    "a server that knows nothing of audiences": { authenticated: true, user },
  })) {
    it(`refuses ${what}`, async () => {
      assert.equal((await review(status)).authenticated, false);
    });
  }

  it("knows neither pod nor account of a user that has none, nor half a pod", async () => {
    const extra = { "authentication.kubernetes.io/pod-name": ["web-0"] };
    assert.deepEqual(
      await review({ authenticated: true, audiences: [audience], user: { username: "jane", extra } }),
      {
        authenticated: true,
        username: "jane",
        audiences: [audience],
        serviceAccount: null,
        pod: null,
        node: null,
      },
    );
  });

  it("says nothing of the token when the answer has no sense", async () => {
    await assert.rejects(
      review("?"),
      (error: Error) => !JSON.stringify([error, error.cause, error.stack]).includes(secret),
    );
  });
});

describe("a token request", () => {
  const terms = {
    namespace: "shop",
    serviceAccount: "web",
    pod: { name: "web-0", uid: "uid-0" },
    audience,
    expirationSeconds: 3600,
  };

  it("answers the token and when it ends", async () => {
    const status = { token: secret, expirationTimestamp: "2026-06-14T22:30:00Z" };
    assert.deepEqual(await createTokenRequester(answering({ status })).request(terms), {
      token: secret,
      expiresAtMs: Date.parse("2026-06-14T22:30:00Z"),
    });
  });

  for (const status of [
    { token: secret, expirationTimestamp: "soon" },
    { token: "", expirationTimestamp: "2026-06-14T22:30:00Z" },
  ]) {
    it(`says nothing of the token in an answer without sense: ${JSON.stringify(Object.values(status)[1])}`, async () => {
      await assert.rejects(
        createTokenRequester(answering({ status })).request(terms),
        (error: Error) =>
          error.name === "KubernetesError" &&
          !JSON.stringify([error, error.cause, error.stack]).includes(secret),
      );
    });
  }
});
