import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import {
  applyCrds,
  compactEtcd,
  createNamespace,
  createNode,
  createServiceAccount,
  grantUser,
  nodeIdentity,
  requestToken,
  uniqueName,
} from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";

const plane = useControlPlane({
  tokens: [{ token: "known-token", user: "token-user", groups: ["first", "second"] }],
});

const audience = "api://AzureADTokenExchange";

describe("the control plane of the tests", () => {
  it("answers 401 to a token it does not know and 403 to a user without the right", async () => {
    const stranger = await plane().api({ token: "unknown" }).get("/api/v1/pods");
    assert.equal(stranger.status, 401);
    const user = await plane().api({ user: "reader" }).get("/api/v1/namespaces/default/pods");
    assert.equal(user.status, 403);
    const expected =
      'pods is forbidden: User "reader" cannot list resource "pods" in API group "" in the namespace "default"';
    assert.equal(textAt(user.body, "message"), expected);
    assert.equal((await plane().api("anonymous").get("/api/v1/pods")).status, 403);
  });

  it("knows users by certificate and by static token, with their groups", async () => {
    const review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const byCertificate = await plane()
      .api({ user: "alice", groups: ["blue", "red"] })
      .post(review, {});
    assert.equal(at(byCertificate.body, "status", "userInfo", "username"), "alice");
    const groups = listAt(byCertificate.body, "status", "userInfo", "groups");
    assert.deepEqual(groups, ["blue", "red", "system:authenticated"]);
    const byToken = await plane().api({ token: "known-token" }).post(review, {});
    assert.equal(at(byToken.body, "status", "userInfo", "username"), "token-user");
    const tokenGroups = listAt(byToken.body, "status", "userInfo", "groups");
    assert.deepEqual(tokenGroups, ["first", "second", "system:authenticated"]);
  });

  it("obeys a new role", async () => {
    const namespace = await createNamespace(plane().api());
    const user = uniqueName("granted");
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    assert.equal((await plane().api({ user }).get(pods)).status, 403);
    await grantUser(
      plane().api(),
      user,
      [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }],
      namespace,
    );
    await waitFor(async () => (await plane().api({ user }).get(pods)).status === 200, "the role in force");
    assert.equal((await plane().api({ user }).get("/api/v1/pods")).status, 403);
  });

  it("lets a node read its own pods only", async () => {
    const namespace = await createNamespace(plane().api());
    const kubelet = createFakeKubelet(plane().api());
    const [own, other] = [uniqueName("node"), uniqueName("node")];
    const mine = await kubelet.startPod({ namespace, name: "mine", node: own });
    const theirs = await kubelet.startPod({ namespace, name: "theirs", node: other });
    const node = plane().api(nodeIdentity(own));
    const bySelector = await node.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${own}`);
    assert.equal(bySelector.status, 200);
    assert.deepEqual(
      listAt(bySelector.body, "items").map((pod) => at(pod, "metadata", "uid")),
      [mine.uid],
    );
    assert.equal((await node.get("/api/v1/pods")).status, 403);
    assert.equal((await node.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${other}`)).status, 403);
    const theirStatus = `/api/v1/namespaces/${namespace}/pods/${theirs.name}/status`;
    assert.equal((await node.patch(theirStatus, { status: { phase: "Failed" } })).status, 403);
  });

  it("keeps its data over a crash", async (t) => {
    const namespace = await createNamespace(plane().api());
    const startedMs = performance.now();
    await plane().crash();
    await assert.rejects(plane().api().get("/readyz"));
    await plane().restart();
    t.diagnostic(`crash and restart took ${Math.round(performance.now() - startedMs)} ms`);
    assert.equal((await plane().api().get(`/api/v1/namespaces/${namespace}`)).status, 200);
  });

  it("holds connections and answers nothing while it is frozen", async () => {
    const api = plane().api();
    assert.equal((await api.get("/readyz")).status, 200);
    await plane().freeze();
    const answer = api.get("/readyz");
    try {
      // No race: nothing can answer before it thaws.
      assert.equal(await Promise.race([answer, delay(200, "silence")]), "silence");
    } finally {
      plane().thaw();
    }
    assert.equal((await answer).status, 200);
  });

  it("answers again after etcd was gone", async (t) => {
    const namespace = await createNamespace(plane().api());
    await plane().killEtcd();
    await waitFor(async () => (await plane().api().get("/readyz")).status === 500, "unready without etcd");
    const startedMs = performance.now();
    await plane().restartEtcd();
    await plane().ready();
    t.diagnostic(`etcd restart until ready took ${Math.round(performance.now() - startedMs)} ms`);
    assert.equal((await plane().api().get(`/api/v1/namespaces/${namespace}`)).status, 200);
  });

  it("answers 410 to a watch of events from before a compaction", async () => {
    const api = plane().api();
    const old = textAt((await api.get("/api/v1/events")).body, "metadata", "resourceVersion");
    const namespace = await createNamespace(api);
    const account = await createServiceAccount(api, namespace, "later");
    await compactEtcd(plane(), textAt(account, "metadata", "resourceVersion"));
    const watch = await api.get(`/api/v1/events?watch=true&resourceVersion=${old}&timeoutSeconds=5`);
    assert.deepEqual(
      [watch.status, at(watch.body, "type"), at(watch.body, "object", "code")],
      [200, "ERROR", 410],
    );
  });

  it("serves podid's CRDs", async (t) => {
    const startedMs = performance.now();
    await applyCrds(plane());
    t.diagnostic(`six CRDs were served after ${Math.round(performance.now() - startedMs)} ms`);
    const namespace = await createNamespace(plane().api());
    const manifest = {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentityBinding",
      metadata: { name: "demo", namespace },
      spec: { azureIdentity: "demo", selector: "demo" },
    };
    const applied = await plane().kubectl(["apply", "--server-side", "-f", "-"], {
      stdin: JSON.stringify(manifest),
    });
    assert.deepEqual([applied.code, applied.stderr], [0, ""]);
    const kubeconfig = await plane().kubeconfigFor("nobody");
    const refused = await plane().kubectl(["get", "azureidentitybindings", "-n", namespace], { kubeconfig });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /User "nobody" cannot list resource "azureidentitybindings"/);
  });

  it("issues tokens bound to a pod", async () => {
    const api = plane().api();
    const namespace = await createNamespace(api);
    const node = uniqueName("node");
    await createNode(api, { name: node, providerID: "azure:///subscriptions/s/vm" });
    await createServiceAccount(api, namespace, "web");
    const pod = await createFakeKubelet(api).startPod({
      namespace,
      name: "web",
      node,
      serviceAccount: "web",
    });
    const token = await requestToken(api, {
      namespace,
      serviceAccount: "web",
      audiences: [audience],
      pod,
    });
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    assert.equal(at(claims, "sub"), `system:serviceaccount:${namespace}:web`);
    assert.equal(at(claims, "kubernetes.io", "pod", "uid"), pod.uid);
    assert.equal(at(claims, "kubernetes.io", "node", "name"), node);
    assert.equal((await plane().api({ token }).get("/api")).status, 401);
    const spec = { token, audiences: [audience] };
    const review = await api.post("/apis/authentication.k8s.io/v1/tokenreviews", { spec });
    assert.equal(at(review.body, "status", "authenticated"), true);
  });

  it("lets a node request tokens of its pods for a foreign audience once a role says so", async () => {
    const api = plane().api();
    const namespace = await createNamespace(api);
    const node = uniqueName("node");
    await createNode(api, { name: node });
    await createServiceAccount(api, namespace, "web");
    const pod = await createFakeKubelet(api).startPod({
      namespace,
      name: "web",
      node,
      serviceAccount: "web",
    });
    const asNode = plane().api(nodeIdentity(node));
    const request = () =>
      requestToken(asNode, { namespace, serviceAccount: "web", audiences: [audience], pod });
    await assert.rejects(request(), /answered 403/);
    const verbs = ["request-serviceaccounts-token-audience"];
    await grantUser(api, nodeIdentity(node).user, [{ apiGroups: [""], resources: [audience], verbs }]);
    assert.match(await waitFor(request, "the role in force"), /^ey/);
  });
});

describe("the fake kubelet", () => {
  it("shows a pod's whole life", async () => {
    const api = plane().api();
    const namespace = await createNamespace(api);
    const kubelet = createFakeKubelet(api);
    const show = async (path: string): Promise<string> => {
      const { stdout } = await plane().kubectl([
        "get",
        "pod",
        "web",
        "-n",
        namespace,
        "-o",
        `jsonpath=${path}`,
      ]);
      return stdout;
    };
    const startTime = "2026-06-15T08:00:00Z";
    const pod = await kubelet.startPod({
      namespace,
      name: "web",
      node: "n1",
      labels: { app: "web" },
      annotations: { note: "yes" },
      ip: "10.244.9.9",
      startTime,
    });
    const where =
      "{.status.phase} {.status.podIP} {.status.podIPs[*].ip} {.status.startTime} {.spec.nodeName}";
    assert.equal(await show(where), `Running 10.244.9.9 10.244.9.9 ${startTime} n1`);
    const what = "{.metadata.labels.app} {.metadata.annotations.note} {.spec.serviceAccountName}";
    assert.equal(await show(what), "web yes default");

    const moved = await kubelet.moveIp(pod, "10.244.9.10");
    assert.equal(await show("{.status.podIP} {.status.podIPs[*].ip}"), "10.244.9.10 10.244.9.10");

    const id = await show("{.status.containerStatuses[0].containerID}");
    await kubelet.restartContainer(moved);
    await kubelet.restartContainer(moved);
    assert.equal(await show("{.status.containerStatuses[0].restartCount}"), "2");
    assert.notEqual(await show("{.status.containerStatuses[0].containerID}"), id);

    await kubelet.beginDelete(moved);
    assert.match(await show("{.status.phase} {.metadata.deletionTimestamp}"), /^Running \d{4}-/);
    await kubelet.remove(moved);
    assert.equal((await api.get(`/api/v1/namespaces/${namespace}/pods/web`)).status, 404);
  });

  it("ends pods, which keep their address and are deleted in one step", async () => {
    const api = plane().api();
    const namespace = await createNamespace(api);
    const kubelet = createFakeKubelet(api);
    for (const phase of ["Succeeded", "Failed"] as const) {
      const pod = await kubelet.startPod({ namespace, name: phase.toLowerCase(), node: "n1" });
      const path = `/api/v1/namespaces/${namespace}/pods/${pod.name}`;
      await kubelet.finish(pod, phase);
      const { body } = await api.get(path);
      assert.deepEqual([at(body, "status", "phase"), at(body, "status", "podIP")], [phase, pod.ip]);
      await kubelet.beginDelete(pod);
      assert.equal((await api.get(path)).status, 404);
      await kubelet.deletePod(pod);
    }
  });

  it("gives pods addresses of their own, and a pod of the host's network that of its node", async () => {
    const api = plane().api();
    const namespace = await createNamespace(api);
    const kubelet = createFakeKubelet(api);
    const [first, second] = [
      await kubelet.startPod({ namespace, name: "first", node: "n1" }),
      await kubelet.startPod({ namespace, name: "second", node: "n1" }),
    ];
    assert.notEqual(first.ip, second.ip);
    const host = await kubelet.startPod({ namespace, name: "host", node: "n1", hostNetwork: true });
    const shown = await succeed(api.get(`/api/v1/namespaces/${namespace}/pods/host`));
    assert.equal(at(shown, "status", "podIP"), host.ip);
    assert.equal(at(shown, "status", "hostIP"), host.ip);
  });
});
