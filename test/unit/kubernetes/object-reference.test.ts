import assert from "node:assert/strict";
import { it } from "node:test";

import { createReferTo } from "../../../src/kubernetes/object-reference.ts";

it("an object is referred to by kind and key, with its uid while it is known", () => {
  const referTo = createReferTo({
    get: (kind, key) => (kind === "Pod" && key === "shop/web-0" ? { uid: "uid-0" } : undefined),
  });
  const pod = { apiVersion: "v1", kind: "Pod", namespace: "shop" };
  assert.deepEqual(referTo("Pod", "shop/web-0"), { ...pod, name: "web-0", uid: "uid-0" });
  assert.deepEqual(referTo("Pod", "shop/web-1"), { ...pod, name: "web-1" });
  assert.deepEqual(referTo("Node", "vm-0"), { apiVersion: "v1", kind: "Node", name: "vm-0" });
  assert.deepEqual(referTo("AzureIdentityBinding", "shop/nightly"), {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentityBinding",
    namespace: "shop",
    name: "nightly",
  });
});
