import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createEventRecorder } from "../../../src/kubernetes/event-recorder.ts";
import type { EventOutcome } from "../../../src/kubernetes/event-sender.ts";
import { createReferTo } from "../../../src/kubernetes/object-reference.ts";
import type { ResourceEvent } from "../../../src/kubernetes/resource-source.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { at, listAt, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { connect, createUser } from "./world.ts";

const plane = useControlPlane();

describe("events, on a real API server", () => {
  it("are a series from the second on, which kubectl shows under the reference's reasons", async (t) => {
    const namespace = await createNamespace(plane().api(), "events");
    const rules = [{ apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] }];
    const api = await connect(t, await createUser(plane(), rules, null));
    const outcomes: EventOutcome[] = [];
    const recorder = createEventRecorder({
      api,
      clock: createSystemClock(),
      log: createSilentLog(),
      random: Math.random,
      referTo: createReferTo({ get: () => undefined }),
      controller: "aadpodidentity.k8s.io",
      instance: "podid-0",
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    const applied: ResourceEvent = {
      kind: "AzureIdentityBinding",
      key: `${namespace}/nightly`,
      type: "Normal",
      reason: "binding applied",
      message: `Binding ${namespace}/nightly applied on node vm-0 for pod ${namespace}/web-0-reader`,
      related: { kind: "Pod", key: `${namespace}/web-0` },
    };
    for (let i = 0; i < 5; i += 1) recorder.record(applied);
    recorder.record({ ...applied, type: "Warning", reason: "TokenDenied", message: "ä".repeat(2000) });
    recorder.record({ ...applied, kind: "Node", key: "vm-0", reason: "status update error" });
    await waitFor(() => outcomes.length >= 4, "all are written");
    await recorder.close();
    assert.deepEqual(new Set(outcomes), new Set(["sent"]));

    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const events = listAt(await succeed(plane().api().get(path)), "items");
    assert.deepEqual(
      new Map(events.map((event) => [at(event, "reason"), at(event, "series", "count")])),
      new Map([
        ["TokenDenied", undefined],
        ["binding applied", 5],
      ]),
    );
    const shown = await plane().kubectl([
      "get",
      "events",
      "--namespace",
      namespace,
      "--field-selector",
      "reason=binding applied",
    ]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /Normal +binding applied +azureidentitybinding\/nightly +Binding events-/);
    const ofNode = await plane().kubectl(["get", "events", "--namespace", "default", "--no-headers"]);
    assert.match(ofNode.stdout, /status update error +node\/vm-0/);
  });
});
