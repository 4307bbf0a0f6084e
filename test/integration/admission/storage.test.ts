import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";

import { parse } from "yaml";

import type {
  AzureIdentityBindingObject,
  AzureIdentityBindingStatus,
  AzureIdentityBindingStatusConditionsItem,
} from "../../../src/kubernetes/crd-types.ts";
import { at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds } from "../../control-plane/fixtures.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { assertStatus, create, messageOf, namespace, objectOf, pathOf, request, tryOut } from "./cluster.ts";

const crdPath =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/azureidentitybindings.aadpodidentity.k8s.io";
const weekdaysIn = (timeZone: string): object => ({
  openWhen: "Schedule",
  timeZone,
  windows: [{ weekdays: ["Mon..Fri"], times: [{ start: "09:00", end: "18:00" }] }],
});

/** podid's CRD of bindings as it would have been had it begun without rules on the zone. */
async function looseCrd(): Promise<object> {
  const text = await readFile(join(rootPath, "deploy/crds/azureidentitybindings.yaml"), "utf8");
  const loose: object = JSON.parse(
    JSON.stringify(parse(text), (key, value: unknown) =>
      key === "x-kubernetes-validations" || (key === "pattern" && String(value).startsWith("^(UTC|"))
        ? undefined
        : value,
    ),
  );
  return loose;
}

type Conditions = NonNullable<AzureIdentityBindingStatus["conditions"]>;
const condition = (
  type: string,
  status: "True" | "False",
  reason: string,
): AzureIdentityBindingStatusConditionsItem => ({
  type,
  status,
  reason,
  message: "",
  lastTransitionTime: "2026-06-14T22:00:00Z",
});

const judged = (conditions: Conditions): AzureIdentityBindingObject => ({
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureIdentityBinding",
  metadata: { name: "nightly" },
  status: { timeBox: { inForce: "Yes", reason: "InWindow" }, conditions },
});

describe("stored objects", () => {
  const plane = useControlPlane();
  before(async () => {
    const api = plane().api();
    await succeed(api.post("/api/v1/namespaces", { metadata: { name: namespace } }));
    await succeed(api.apply(crdPath, await looseCrd()));
    await waitFor(
      async () => (await api.get(pathOf("AzureIdentityBinding"))).status === 200,
      "the loose CRD of bindings",
    );
    const zones = {
      ...weekdaysIn("europe/berlin"),
      exclusions: [{ dates: ["12-25"], timeZone: "Mars/Phobos" }],
    };
    await succeed(create(api, "AzureIdentityBinding", "old", { timeBox: zones }));
    await applyCrds(plane());
    await waitFor(
      async () => (await tryOut(api, "AzureIdentityBinding", { timeBox: {} })).status === 422,
      "the rules of time boxes",
    );
  });

  it("that a rule came to forbid still take other changes, and no new mistake", async () => {
    const api = plane().api();
    const path = pathOf("AzureIdentityBinding", "old");
    assertStatus(await api.patch(path, { spec: { timeBox: { suspend: true } } }), 200);
    assertStatus(await api.patch(path, { metadata: { labels: { team: "shop" } } }), 200);
    assertStatus(await api.patch(path, { spec: { weight: 5, selector: "web" } }), 200);
    assertStatus(await api.patch(`${path}/status`, { status: { timeBox: { inForce: "No" } } }), 200);
    const worse = await api.patch(path, { spec: { timeBox: { timeZone: "europe/paris" } } });
    assertStatus(worse, 422);
    assert.match(messageOf(worse), /spec\.timeBox\.timeZone/);
    assertStatus(
      await api.patch(path, { spec: { timeBox: { timeZone: "Europe/Berlin", exclusions: null } } }),
      200,
    );
  });

  it("keep what others wrote into the status and the annotations when podid applies its own", async () => {
    const api = plane().api();
    const path = pathOf("AzureIdentityBinding", "nightly");
    const nightly = await succeed(
      create(api, "AzureIdentityBinding", "nightly", { azureIdentity: "reader", timeBox: weekdaysIn("UTC") }),
    );
    const foreign = { availableReplicas: 3, conditions: [condition("example.com/Reviewed", "True", "Seen")] };
    await succeed(api.patch(`${path}/status?fieldManager=auditor`, { status: foreign }));
    await succeed(
      api.patch(`${path}?fieldManager=auditor`, { metadata: { annotations: { "example.com/by": "eve" } } }),
    );
    const both = [condition("InForce", "True", "InWindow"), condition("NeverOpens", "False", "Opens")];
    await succeed(api.apply(`${path}/status`, judged(both)));
    const after = await succeed(api.apply(`${path}/status`, judged(both.slice(0, 1))));
    assert.deepEqual(
      listAt(after, "status", "conditions").map((one) => textAt(one, "type")),
      ["example.com/Reviewed", "InForce"],
    );
    assert.equal(at(after, "status", "availableReplicas"), 3);
    assert.equal(at(after, "status", "timeBox", "reason"), "InWindow");
    assert.equal(at(after, "metadata", "annotations", "example.com/by"), "eve");
    assert.deepEqual(at(after, "spec"), at(nightly, "spec"));
    assert.equal(at(after, "metadata", "generation"), 1);
    const again = await succeed(api.apply(`${path}/status`, judged(both.slice(0, 1))));
    assert.equal(textAt(again, "metadata", "resourceVersion"), textAt(after, "metadata", "resourceVersion"));
  });

  it("have the state of a grant beside its spec, written through the status alone", async () => {
    const api = plane().api();
    const path = pathOf("AzureIdentityAccessGrant", "restore");
    await succeed(create(api, "AzureIdentityAccessGrant", "restore", request));
    const active = { state: "Active", until: "2026-06-14T10:27:00Z" };
    const written = await succeed(
      api.apply(`${path}/status`, { ...objectOf("AzureIdentityAccessGrant", "restore"), status: active }),
    );
    assert.deepEqual(at(written, "status"), active);
    const ignored = await succeed(api.patch(path, { status: { state: "Expired" } }));
    assert.equal(at(ignored, "status", "state"), "Active");
  });

  it("have no conditions of unknown form", async () => {
    const path = `${pathOf("AzureIdentityBinding", "old")}/status`;
    for (const broken of [
      condition("In Force", "True", "X"),
      { ...condition("InForce", "True", "X"), status: "true" },
      { type: "InForce" },
    ]) {
      assertStatus(
        await plane()
          .api()
          .patch(path, { status: { conditions: [broken] } }),
        422,
      );
    }
  });
});

// reference/time-boxes.md §6, what admission has to say in them; 33's un-revoking is in access-rows.ts.
describe("admission in the acceptance scenarios of time boxes", () => {
  const plane = useControlPlane();
  before(async () => {
    await succeed(
      plane()
        .api()
        .post("/api/v1/namespaces", { metadata: { name: namespace } }),
    );
    await applyCrds(plane());
  });

  it("22: accepts Asia/Kolkata", async () => {
    assertStatus(
      await tryOut(plane().api(), "AzureIdentityBinding", { timeBox: weekdaysIn("Asia/Kolkata") }),
      201,
    );
  });

  const window = { times: [{ start: "00:00", end: "01:00" }] };
  const open = { openWhen: "Schedule", timeZone: "Europe/Berlin" };
  const refusals: Readonly<Record<string, readonly [timeBox: object, says: RegExp]>> = {
    "36: an exclusion with an unknown zone": [
      { timeZone: "UTC", exclusions: [{ ...window, timeZone: "Mars/Phobos" }] },
      /spec\.timeBox\.exclusions: .*unknown time zone Mars\/Phobos/,
    ],
    "37: no timeZone": [
      { openWhen: "Schedule", windows: [window] },
      /timeZone: Required value: timeZone is required/,
    ],
    "37: europe/berlin": [weekdaysIn("europe/berlin"), /timeZone in body should match/],
    '37: ""': [weekdaysIn(""), /timeZone in body should (match|be at least 3 chars long)/],
    "37: Local": [weekdaysIn("Local"), /timeZone in body should match/],
    "37: +05:30": [weekdaysIn("+05:30"), /timeZone in body should match/],
    "37: start = end": [
      { ...open, windows: [{ times: [{ start: "09:00", end: "09:00" }] }] },
      /start and end must differ/,
    ],
    "37: 30 February": [{ ...open, windows: [{ dates: ["2026-02-30"] }] }, /this day does not exist/],
    "37: 3 weeks": [{ durations: [{ from: "PodStart", for: "3 weeks" }] }, /for in body should match/],
    "37: Grant without jit": [
      { openWhen: "Grant", suspend: false },
      /openWhen and jit contradict each other/,
    ],
    "37: windows without openWhen": [
      { timeZone: "UTC", windows: [window] },
      /openWhen and windows contradict each other/,
    ],
    "37: {}": [{}, /timeBox limits nothing/],
    "37: a window with a name only": [{ ...open, windows: [{ name: "nightly" }] }, /this would mean always/],
    "37: daysOfMonth 25..5": [{ ...open, windows: [{ daysOfMonth: ["25..5"] }] }, /the range runs backwards/],
    "37: dates of two forms": [
      { ...open, windows: [{ dates: ["12-24..2027-01-02"] }] },
      /dates\[0\] in body should match/,
    ],
    "37: notAfter in 9999": [{ notAfter: "9999-12-31T00:00:00Z" }, /notAfter in body should match/],
  };
  for (const [name, [timeBox, says]] of Object.entries(refusals)) {
    it(`refuses ${name}`, async () => {
      const answer = await tryOut(plane().api(), "AzureIdentityBinding", { timeBox });
      assertStatus(answer, 422);
      assert.match(messageOf(answer), says);
    });
  }

  it("refuses a field in the wrong case, which a client without Strict would lose", async () => {
    const answer = await tryOut(plane().api(), "AzureIdentityBinding", { timebox: { suspend: true } });
    assertStatus(answer, 400);
    assert.match(messageOf(answer), /unknown field "spec\.timebox"/);
  });
});
