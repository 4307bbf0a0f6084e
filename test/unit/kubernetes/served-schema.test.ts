import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parse } from "yaml";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { shippedFiles } from "../../../src/cli/paths.ts";
import { readShippedShapes } from "../../../src/kubernetes/crd-shape.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { checkServedSchemas, followServedSchemas } from "../../../src/kubernetes/served-schema.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { crdDirectory, folderWith } from "./manifest-fixtures.ts";
import { createScriptedApi } from "./scripted-api.ts";
import { overTheWire } from "./over-the-wire.ts";

const shipped = await readShippedShapes(shippedFiles.definitions);
const bindings = "azureidentitybindings.aadpodidentity.k8s.io";

interface Definition {
  spec: {
    versions: [
      {
        name: string;
        subresources?: unknown;
        schema: {
          openAPIV3Schema: { properties: { spec: { properties: Record<string, { properties?: object }> } } };
        };
      },
    ];
  };
}

/** A definition as it ships, as the server would answer it. */
async function shippedCrd(name: string): Promise<Definition> {
  return parse(await readFile(join(crdDirectory, `${name.split(".")[0] ?? ""}.yaml`), "utf8"));
}

function server(change: (name: string, crd: Definition) => unknown): Pick<KubernetesApi, "call"> {
  return {
    call: async ({ path }: ApiCall) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return overTheWire(change(name, await shippedCrd(name)));
    },
  };
}

describe("the definitions that the server has", () => {
  it("are good when they are the shipped ones, or more than them", async () => {
    assert.equal(shipped.length, 6);
    const more = server((_, crd) => {
      crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties["tomorrow"] = {};
      return crd;
    });
    assert.deepEqual(await checkServedSchemas(more, shipped), []);
  });

  it("are refused when a field would be dropped, with its name and what to apply", async () => {
    const older = server((name, crd) => {
      const fields = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
      if (name === bindings) {
        delete fields["timeBox"];
        delete fields["match"];
      }
      return crd;
    });
    assert.deepEqual(await checkServedSchemas(older, shipped), [
      `CustomResourceDefinition ${bindings} lacks spec.match, spec.timeBox, which the API server therefore drops`,
    ]);
  });

  it("are refused for a field deep inside, within lists as well", async () => {
    const older = server((name, crd) => {
      if (name !== bindings) return crd;
      return JSON.parse(JSON.stringify(crd).replace(/"(weekdays)":/, '"renamed":'));
    });
    const [fault = "", ...others] = await checkServedSchemas(older, shipped);
    assert.deepEqual(others, []);
    assert.match(fault, /lacks spec\.timeBox\.windows\[\]\.weekdays, which/);
  });

  it("are refused when the status is not where podid writes it", async () => {
    const other = server((name, crd) => {
      if (name === bindings) delete crd.spec.versions[0].subresources;
      if (name.startsWith("azureassigned")) crd.spec.versions[0].subresources = { status: {} };
      return crd;
    });
    const faults = await checkServedSchemas(other, shipped);
    assert.match(faults[0] ?? "", /azureassignedidentities.* has a status subresource/);
    assert.match(faults[1] ?? "", /azureidentitybindings.* has no status subresource/);
  });

  it("are refused when the version is not served, the definition is missing, or may not be read", async () => {
    const other = server((name, crd) => {
      if (name.startsWith("azureidentities")) throw new KubernetesError("NotFound", "not found");
      if (name.startsWith("azurepod")) throw new KubernetesError("Forbidden", "forbidden");
      if (name === bindings) crd.spec.versions[0].name = "v2";
      return crd;
    });
    const faults = await checkServedSchemas(other, shipped);
    assert.equal(faults.length, 3);
    assert.match(faults[0] ?? "", /^the cluster has no CustomResourceDefinition azureidentities\.\S+$/);
    assert.match(faults[1] ?? "", /does not serve v1$/);
    assert.match(
      faults[2] ?? "",
      /may not read the CustomResourceDefinition azurepod.*grant get, list and watch/,
    );
  });

  it("are not judged when the server cannot be asked", async () => {
    const away = server(() => {
      throw new KubernetesError("Unreachable", "away");
    });
    await assert.rejects(checkServedSchemas(away, shipped), { code: "Unreachable" });
  });

  it("are looked at again whenever they change", async (t) => {
    const script = createScriptedApi();
    const heard: (readonly string[])[] = [];
    const shape = shipped.find(({ name }) => name === bindings);
    assert.ok(shape);
    const followed = followServedSchemas({
      api: script.api,
      clock: createSimulatedClock(0),
      log: createSilentLog(),
      random: () => 0.5,
      shipped: [shape],
      onChange: (faults) => void heard.push(faults),
    });
    t.after(() => followed.close());
    const watch = await script.settle();
    assert.equal(watch.query["fieldSelector"], `metadata.name=${bindings}`);
    const crd = await shippedCrd(bindings);
    const event = (type: string, resourceVersion: string, spec: unknown): string =>
      JSON.stringify({ type, object: { metadata: { name: bindings, uid: "u", resourceVersion }, spec } });
    watch.open();
    watch.line(event("ADDED", "1", crd.spec));
    const annotations = { "k8s.io/initial-events-end": "true" };
    watch.line(
      JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "2", annotations } } }),
    );
    await script.settle();
    assert.deepEqual([followed.faults(), heard], [[], []]);
    delete crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties["timeBox"];
    watch.line(event("MODIFIED", "3", crd.spec));
    await script.settle();
    assert.match(followed.faults()[0] ?? "", /lacks spec\.timeBox/);
    watch.line(event("DELETED", "4", crd.spec));
    await script.settle();
    assert.match(followed.faults()[0] ?? "", /has no CustomResourceDefinition/);
    assert.equal(heard.length, 2);
  });
});

describe("the shipped definitions", () => {
  it("are refused when a file is none", async (t) => {
    const directory = await folderWith(t, { "pod.json": '{"kind":"Pod"}' });
    await assert.rejects(readShippedShapes(directory), {
      code: "InvalidCrd",
      message: /pod\.json is no Custom/,
    });
    await assert.rejects(readShippedShapes(join(directory, "none")), { code: "InvalidCrd" });
  });
});
