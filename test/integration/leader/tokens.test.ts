import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createTokenRequester, type TokenTerms } from "../../../src/kubernetes/token-request.ts";
import { createTokenReviewer } from "../../../src/kubernetes/token-review.ts";
import { succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace, createNode, createServiceAccount } from "../../control-plane/fixtures.ts";
import { connect, createUser } from "./world.ts";

const plane = useControlPlane();
const audience = "api://AzureADTokenExchange";

async function createPod(namespace: string, name: string, serviceAccount: string): Promise<string> {
  const containers = [{ name: "app", image: "app" }];
  const spec = { nodeName: "vm-0", serviceAccountName: serviceAccount, containers };
  const path = `/api/v1/namespaces/${namespace}/pods`;
  return textAt(await succeed(plane().api().post(path, { metadata: { name }, spec })), "metadata", "uid");
}

describe("tokens of service accounts, on a real API server", () => {
  it("are requested for a pod and an audience, and say so when reviewed", async (t) => {
    const namespace = await createNamespace(plane().api(), "tokens");
    await createNode(plane().api(), { name: "vm-0" });
    for (const account of ["web", "other"]) await createServiceAccount(plane().api(), namespace, account);
    const uid = await createPod(namespace, "web-0", "web");
    const rules = [
      { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
      { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    ];
    const api = await connect(t, await createUser(plane(), rules, null));
    const requester = createTokenRequester(api);
    const terms: TokenTerms = {
      namespace,
      serviceAccount: "web",
      pod: { name: "web-0", uid },
      audience,
      expirationSeconds: 600,
    };
    const { token, expiresAtMs } = await requester.request(terms);
    const leftSeconds = (expiresAtMs - Date.now()) / 1000;
    assert.ok(leftSeconds > 500 && leftSeconds <= 601, `${leftSeconds} s`);

    const review = await createTokenReviewer({ api, audiences: [audience] }).review(token);
    assert.ok(review.authenticated);
    const { node, ...rest } = review;
    assert.deepEqual(rest, {
      authenticated: true,
      username: `system:serviceaccount:${namespace}:web`,
      audiences: [audience],
      serviceAccount: { namespace, name: "web" },
      pod: { name: "web-0", uid },
    });
    assert.equal(node?.name, "vm-0");
    assert.match(node?.uid ?? "", /^[0-9a-f-]{36}$/);

    const elsewhere = await createTokenReviewer({ api, audiences: ["https://elsewhere"] }).review(token);
    assert.equal(elsewhere.authenticated, false);
    const forged = await createTokenReviewer({ api, audiences: [audience] }).review(`${token}x`);
    assert.equal(forged.authenticated, false);
    assert.ok(!JSON.stringify([elsewhere, forged]).includes(token.slice(-40)));

    const code = (change: Partial<TokenTerms>): Promise<string> =>
      requester.request({ ...terms, ...change }).then(
        () => "granted",
        (error: unknown) => (error instanceof KubernetesError ? error.code : String(error)),
      );
    assert.deepEqual(
      {
        anotherUid: await code({ pod: { name: "web-0", uid: "00000000-0000-0000-0000-000000000000" } }),
        noSuchPod: await code({ pod: { name: "web-9", uid } }),
        noSuchAccount: await code({ serviceAccount: "nobody" }),
        anotherAccount: await code({ serviceAccount: "other" }),
        tooShort: await code({ expirationSeconds: 599 }),
      },
      {
        anotherUid: "Conflict",
        noSuchPod: "NotFound",
        noSuchAccount: "NotFound",
        anotherAccount: "Invalid",
        tooShort: "Invalid",
      },
    );
  });
});
