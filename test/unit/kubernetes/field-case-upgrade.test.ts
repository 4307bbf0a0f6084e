import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ApiCall } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { upgradeFieldCase } from "../../../src/kubernetes/field-case-upgrade.ts";
import { createScriptedApi } from "./scripted-api.ts";

const root = "/apis/aadpodidentity.k8s.io/v1";
const terms = { namespace: "podid-system", configMap: "config", key: "status", version: "podid 1" };
const configMap = "/api/v1/namespaces/podid-system/configmaps/config";
const { signal } = new AbortController();

type Stored = Record<string, unknown> & { metadata: { name: string; namespace: string; uid: string } };

/** A server with objects by path; every write makes a new resourceVersion and must name the one before. */
function createServer(
  objects: readonly { readonly kind: string; readonly name: string; readonly spec: object }[],
) {
  const stored = new Map<string, { version: number; object: Stored }>();
  const script = createScriptedApi();
  const server = {
    api: script.api,
    puts: [] as string[],
    /** Runs before a PUT is judged. */
    onPut: (_path: string): void => {},
    touch: (path: string): void => void ((stored.get(path) ?? assert.fail(path)).version += 1),
    specOf: (path: string): unknown => stored.get(path)?.object["spec"],
    mark: (): unknown => stored.get(configMap)?.object["data"],
  };
  for (const { kind, name, spec } of objects) {
    const metadata = { name, namespace: "shop", uid: name };
    stored.set(`${root}/namespaces/shop/${kind}/${name}`, { version: 1, object: { metadata, spec } });
  }
  const shown = ({ version, object }: { version: number; object: Stored }): object => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(version) },
  });
  const find = (path: string): { version: number; object: Stored } => {
    const found = stored.get(path);
    if (found === undefined) throw new KubernetesError("NotFound", path);
    return found;
  };
  const put = ({ path, body }: ApiCall): object => {
    server.onPut(path);
    const found = find(path);
    const object: Stored = Object(body);
    const version = "resourceVersion" in object.metadata ? object.metadata.resourceVersion : undefined;
    if (version !== String(found.version)) throw new KubernetesError("Conflict", path);
    server.puts.push(path.slice(path.lastIndexOf("/") + 1));
    stored.set(path, { version: found.version + 1, object });
    return shown(find(path));
  };
  script.answer = (call) => {
    const { method, path } = call;
    if (method === "PUT") return put(call);
    if (method === "POST") {
      const metadata = { name: "config", namespace: "podid-system", uid: "config" };
      stored.set(configMap, { version: 1, object: { metadata } });
      return shown(find(configMap));
    }
    const plural = new RegExp(`^${root}/([a-z]+)$`).exec(path)?.[1];
    if (plural === undefined) return shown(find(path));
    const items = [...stored]
      .filter(([key]) => key.includes(`/shop/${plural}/`))
      .map(([, one]) => shown(one));
    return { metadata: { resourceVersion: "9" }, items };
  };
  return server;
}

const old = { kind: "azureidentities", name: "old", spec: { type: 0, ClientID: "c", ResourceID: "r" } };
const fresh = { kind: "azureidentitybindings", name: "new", spec: { azureIdentity: "old", selector: "web" } };
const oldPath = `${root}/namespaces/shop/azureidentities/old`;

describe("the upgrade of field names", () => {
  it("writes what is old, nothing else, and that it is done; the next time it does nothing", async () => {
    const server = createServer([old, fresh]);
    assert.deepEqual(await upgradeFieldCase(server.api, terms, signal), {
      kind: "done",
      rewritten: ["AzureIdentity shop/old"],
      empty: [],
    });
    assert.deepEqual(server.specOf(oldPath), { type: 0, clientID: "c", resourceID: "r" });
    assert.deepEqual(server.puts, ["old", "config"]);
    assert.deepEqual(server.mark(), { status: "podid 1" });
    assert.deepEqual(await upgradeFieldCase(server.api, terms, signal), {
      kind: "doneBefore",
      mark: "podid 1",
    });
    assert.deepEqual(server.puts, ["old", "config"]);
  });

  it("writes again what somebody changed meanwhile, from what is there then", async () => {
    const server = createServer([old]);
    let changes = 2;
    server.onPut = (path) => {
      if (changes > 0 && path === oldPath) server.touch(path);
      changes -= 1;
    };
    const outcome = await upgradeFieldCase(server.api, terms, signal);
    assert.equal(outcome.kind, "done");
    assert.deepEqual(server.specOf(oldPath), { type: 0, clientID: "c", resourceID: "r" });
  });

  it("crashed in the middle, is finished by the next, and not written down before", async () => {
    const server = createServer([old, { ...old, name: "older" }]);
    server.onPut = (path) => {
      if (path.endsWith("older")) throw new KubernetesError("Unreachable", "gone");
    };
    await assert.rejects(upgradeFieldCase(server.api, terms, signal), { code: "Unreachable" });
    assert.equal(server.mark(), undefined);
    server.onPut = () => {};
    const outcome = await upgradeFieldCase(server.api, terms, signal);
    assert.deepEqual(outcome, { kind: "done", rewritten: ["AzureIdentity shop/older"], empty: [] });
    assert.deepEqual(server.mark(), { status: "podid 1" });
  });

  it("writes no object whose fields today's definitions hide, names it, and does not call that done", async () => {
    const server = createServer([{ ...old, spec: { type: 0 } }]);
    assert.deepEqual(await upgradeFieldCase(server.api, terms, signal), {
      kind: "done",
      rewritten: [],
      empty: ["AzureIdentity shop/old"],
    });
    assert.deepEqual(server.puts, []);
    assert.equal(server.mark(), undefined);
  });

  it("says so when it may not", async () => {
    const server = createServer([old]);
    server.onPut = () => {
      throw new KubernetesError("Forbidden", "cannot update azureidentities");
    };
    await assert.rejects(upgradeFieldCase(server.api, terms, signal), { code: "Forbidden" });
  });
});
