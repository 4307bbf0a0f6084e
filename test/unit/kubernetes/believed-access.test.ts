import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createBelievedAccess } from "../../../src/kubernetes/believed-access.ts";
import { createClusterSource } from "../../../src/kubernetes/cluster-source.ts";
import type { Vouching } from "../../../src/kubernetes/served-admission.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { at } from "./admission-scene.ts";
import { bookmark, createScriptedApi } from "./scripted-api.ts";

const group = "aadpodidentity.k8s.io/v1";

function object(kind: string, name: string, creationTimestamp: string, spec: object): object {
  const metadata = { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: "1", creationTimestamp };
  return { apiVersion: group, kind, metadata, spec };
}

const grant = (name: string, creationTimestamp: string): object =>
  object("AzureIdentityAccessGrant", name, creationTimestamp, { bindingName: "oncall", requester: "alice" });
const vote = (name: string, creationTimestamp: string, decision: string): object =>
  object("AzureIdentityAccessApproval", name, creationTimestamp, { grantName: "g", decision });

const early = "2026-06-14T12:00:00Z";
const late = "2026-06-14T12:30:00Z";
const objects: Readonly<Record<string, readonly object[]>> = {
  azureidentityaccessgrants: [grant("early", early), grant("late", late)],
  azureidentityaccessapprovals: [
    vote("early-yes", early, "Approve"),
    vote("early-no", early, "Deny"),
    vote("late-yes", late, "Approve"),
  ],
  azureidentitybindings: [
    object("AzureIdentityBinding", "oncall", early, { azureIdentity: "admin", selector: "ops" }),
  ],
};

/** A cluster with those objects, read. */
async function start(t: { after: (end: () => Promise<void>) => void }) {
  const script = createScriptedApi();
  const cluster = createClusterSource({
    api: script.api,
    clock: createSimulatedClock(0),
    log: createSilentLog(),
    random: () => 0,
    kinds: ["AzureIdentityAccessGrant", "AzureIdentityAccessApproval", "AzureIdentityBinding"],
    recordEvent: () => undefined,
  });
  t.after(() => cluster.close());
  await script.settle();
  for (const watch of script.watches) {
    watch.open();
    const plural = watch.path.slice(watch.path.lastIndexOf("/") + 1);
    for (const each of objects[plural] ?? []) watch.line(JSON.stringify({ type: "ADDED", object: each }));
    watch.line(bookmark("1", { endsInitialEvents: true }));
  }
  await script.settle();
  return createBelievedAccess(cluster, createSilentLog());
}

const nobody: Vouching = { inForce: false, faults: ["ValidatingAdmissionPolicy p: the cluster has none"] };
const after = (time: string): Vouching => ({ inForce: true, afterMs: at(time) });
const namesIn = (list: readonly { readonly name: string }[]): readonly string[] =>
  list.map(({ name }) => name);

describe("grants that nobody vouches for", () => {
  it("are not there, and everything else is", async (t) => {
    const { source } = await start(t);
    assert.deepEqual(source.list("AzureIdentityAccessGrant"), []);
    assert.deepEqual(source.list("AzureIdentityAccessApproval"), []);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/late"), undefined);
    assert.deepEqual(namesIn(source.list("AzureIdentityBinding")), ["oncall"]);
  });

  it("are those that were created before all policies stood", async (t) => {
    const access = await start(t);
    const { source } = access;
    access.believe(after("2026-06-14T12:00:00Z"));
    assert.deepEqual(
      namesIn(source.list("AzureIdentityAccessGrant")),
      ["late"],
      "the same second is in doubt",
    );
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/early"), undefined);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/late")?.spec.requester, "alice");
    access.believe(after("2026-06-14T11:59:59Z"));
    assert.deepEqual(namesIn(source.list("AzureIdentityAccessGrant")), ["early", "late"]);
    access.believe(nobody);
    assert.deepEqual(source.list("AzureIdentityAccessGrant"), []);
  });

  it("take no Deny with them, which opens nothing", async (t) => {
    const access = await start(t);
    access.believe(after("2026-06-14T12:10:00Z"));
    assert.deepEqual(namesIn(access.source.list("AzureIdentityAccessApproval")), ["early-no", "late-yes"]);
    access.believe(nobody);
    assert.deepEqual(access.source.list("AzureIdentityAccessApproval"), []);
  });

  it("are known by name, with what their requester may do about it", async (t) => {
    const access = await start(t);
    const told = (): readonly string[] =>
      (access.source.unbelieved?.list() ?? []).map(
        ({ name }) => `${name}: ${access.source.unbelieved?.get(`shop/${name}`)?.why}`,
      );
    access.believe(after("2026-06-14T12:10:00Z"));
    assert.deepEqual(told(), [
      "early: admission policies vouch for who asked since 2026-06-14T12:10:00Z alone, and this was asked at 2026-06-14T12:00:00Z: ask again with a new grant",
    ]);
    access.believe(nobody);
    assert.equal(told().length, 2);
    assert.match(
      told()[1] ?? "",
      /^late: no admission policy of podid vouches .*Policy p: the cluster has none$/,
    );
  });

  it("come and go with the vouching, and those who follow hear of it once each, whatever another of them does", async (t) => {
    const access = await start(t);
    const { source } = access;
    const heard: string[] = [];
    source.subscribe(() => {
      throw new Error("a listener that fails");
    });
    const stop = source.subscribe(({ kind, key }) => {
      if (kind === "AzureIdentityAccessGrant") heard.push(`${key} ${source.list(kind).length}`);
    });
    access.believe(after("2026-06-14T11:00:00Z"));
    access.believe(after("2026-06-14T11:00:00Z"));
    assert.deepEqual(heard, ["shop/early 2", "shop/late 2"]);
    access.believe(nobody);
    assert.deepEqual(heard.slice(2), ["shop/early 0", "shop/late 0"]);
    stop();
    access.believe(after("2026-06-14T11:00:00Z"));
    assert.equal(heard.length, 4);
  });
});

describe("a list of believed grants", () => {
  it("is the same one until something changes, since every question to the policy asks for it", async (t) => {
    const access = await start(t);
    access.believe(after(early));
    assert.equal(
      access.source.list("AzureIdentityAccessGrant"),
      access.source.list("AzureIdentityAccessGrant"),
    );
  });
});
