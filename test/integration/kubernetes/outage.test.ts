import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { type ClusterWorld, createAccess, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const plane = useControlPlane();
/** As issue 5 says; reference/reliability.md K1 lets known pods be served for up to five. */
const outageMs = 120_000;

describe("while the API server is away", () => {
  let world: ClusterWorld;
  let namespace: string;
  const running: DaemonProcess[] = [];

  before(async () => {
    world = await startClusterWorld(plane());
    namespace = await createNamespace(plane().api(), "outage");
    await createAccess(plane(), namespace, { selector: "worker" });
  });
  after(async () => {
    for (const daemon of running) daemon.kill("SIGTERM");
    const ends = await Promise.all(running.map((daemon) => daemon.ended()));
    await world.close();
    for (const { code, stderr } of ends) assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  const startPod = (name: string, ip: string) =>
    createFakeKubelet(plane().api()).startPod({
      namespace,
      name,
      node: world.node,
      labels: { aadpodidbinding: "worker" },
      ip,
    });

  it("daemons start, wait unready, serve nobody, and go to work when it comes", async () => {
    await plane().crash();
    const [controller, nmi] = await Promise.all([world.startController(), world.startNmi()]);
    running.push(controller, nmi);
    await Promise.all([controller, nmi].map((daemon) => daemon.said("the API server cannot be asked yet")));
    const { status, body } = await nmi.probe("/readyz");
    assert.equal(status, 503);
    assert.match(body, /the API server cannot be asked/);
    assert.equal((await nmi.probe("/healthz")).status, 200);
    const asked = await world.ask(nmi, "127.0.9.1");
    assert.equal(asked.status, 503);
    assert.match(asked.description, /does not know the cluster yet/);
    await plane().restart();
    await Promise.all([controller.said("leading"), nmi.said("ready")]);
    await startPod("known", "127.0.9.1");
    assert.equal((await world.ask(nmi, "127.0.9.1")).status, 200);
  });

  it("pods that are known are served for two minutes, others are not, and all heals by itself", async (t) => {
    const [controller, nmi] = running;
    assert.ok(controller !== undefined && nmi !== undefined);
    await plane().crash();
    const awayAt = Date.now();
    const statuses: number[] = [];
    await waitFor(
      async () => {
        statuses.push((await world.ask(nmi, "127.0.9.1")).status);
        return Date.now() - awayAt >= outageMs;
      },
      "two minutes",
      outageMs + 30_000,
    );
    assert.deepEqual([...new Set(statuses)], [200], "the known pod, all the time");
    const stranger = await world.ask(nmi, "127.0.9.2");
    assert.equal(stranger.status, 404);
    assert.match(stranger.description, /\(UnknownCaller\)$/);
    for (const daemon of [controller, nmi]) {
      const { status, body } = await daemon.probe("/readyz");
      assert.equal(status, 503);
      assert.match(body, /has not been heard for a minute/);
      assert.equal((await daemon.probe("/healthz")).status, 200, "nobody restarts it for that");
    }
    t.diagnostic(`${statuses.length} tokens during ${Math.round((Date.now() - awayAt) / 1000)} s`);

    await plane().restart();
    const backAt = Date.now();
    await startPod("later", "127.0.9.2");
    await waitFor(
      async () => (await world.ask(nmi, "127.0.9.2")).status === 200,
      "the new pod served",
      60_000,
    );
    t.diagnostic(`a new pod was served ${Date.now() - backAt} ms after the API server was back`);
    for (const [name, daemon] of Object.entries({ controller, nmi })) {
      await waitFor(async () => (await daemon.probe("/readyz")).status === 200, `${name} ready`, 60_000);
      assert.equal(daemon.lines.filter(({ msg }) => msg === "serving probes and metrics").length, 1);
    }
  });
});
