import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { parse } from "yaml";
import { z } from "zod";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import {
  awaitServedSchema,
  followServedSchema,
  readServedSchema,
  type ServedSchema,
} from "../../../src/kubernetes/served-schema.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { renderServedFields } from "../../../tools/served-fields.ts";
import { crdDirectory } from "./manifest-fixtures.ts";

const definition = z.object({
  spec: z.object({
    names: z.object({ kind: z.string() }),
    versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: z.record(z.string(), z.json()) }) })]),
  }),
});
const files = (await readdir(crdDirectory)).filter((file) => file.endsWith(".yaml")).toSorted();
const texts = await Promise.all(files.map((file) => readFile(join(crdDirectory, file), "utf8")));
const ours = Object.fromEntries(
  texts.map((text) => {
    const { names, versions } = definition.parse(parse(text)).spec;
    return [`io.k8s.aadpodidentity.v1.${names.kind}`, versions[0].schema.openAPIV3Schema];
  }),
);
const bindingKind = "io.k8s.aadpodidentity.v1.AzureIdentityBinding";

const objectOf = (properties: Readonly<Record<string, unknown>>): object => ({ type: "object", properties });
const classicBinding = objectOf({
  spec: objectOf({
    azureIdentity: { type: "string" },
    selector: { type: "string" },
    weight: { type: "integer" },
    metadata: { type: "object" },
  }),
});

/** An API server that publishes `schemas`, each time under the hash of what it publishes. */
function publish(initial: Readonly<Record<string, unknown>> | null) {
  let schemas = initial;
  let fault: KubernetesError | undefined;
  const calls: string[] = [];
  const url = (): string =>
    `/openapi/v3/apis/aadpodidentity.k8s.io/v1?hash=${JSON.stringify(schemas).length}`;
  const api: Pick<KubernetesApi, "call"> = {
    call: async ({ path, query }: ApiCall) => {
      calls.push(path);
      if (fault !== undefined) throw fault;
      if (path === "/openapi/v3") {
        return {
          paths: schemas === null ? {} : { "apis/aadpodidentity.k8s.io/v1": { serverRelativeURL: url() } },
        };
      }
      assert.deepEqual(query, { hash: url().split("=")[1] });
      return { components: { schemas } };
    },
  };
  return {
    api,
    calls,
    become: (next: Readonly<Record<string, unknown>> | null) => void (schemas = next),
    fail: (error: KubernetesError | undefined) => void (fault = error),
  };
}

describe("the served schemas", () => {
  it("are those of deploy/crds, field by field, in the list that daemons carry", async () => {
    const file = join(crdDirectory, "../../src/kubernetes/served-fields.ts");
    assert.equal(await readFile(file, "utf8"), renderServedFields(texts), "run `npm run generate`");
  });

  it("have no fault when they are podid's own", async () => {
    assert.deepEqual((await readServedSchema(publish(ours).api)).faults, []);
  });

  const rows = [
    {
      name: "aad-pod-identity's binding",
      schemas: { ...ours, [bindingKind]: classicBinding },
      faults: [
        /^AzureIdentityBinding as served by the cluster lacks spec\.match, spec\.timeBox, .*azureidentitybindings\.yaml$/,
      ],
    },
    {
      name: "a time box without exclusions",
      schemas: { ...ours, [bindingKind]: without(ours[bindingKind], "spec", "timeBox", "exclusions") },
      faults: [/lacks spec\.timeBox\.exclusions\[\], so that/],
    },
    {
      name: "windows without weekdays",
      schemas: {
        ...ours,
        [bindingKind]: without(ours[bindingKind], "spec", "timeBox", "windows", "[]", "weekdays"),
      },
      faults: [/lacks spec\.timeBox\.windows\[\]\.weekdays\[\], so that/],
    },
    {
      name: "no grants",
      schemas: Object.fromEntries(Object.entries(ours).filter(([kind]) => !kind.endsWith("Grant"))),
      faults: [/^the cluster serves no AzureIdentityAccessGrant: .*azureidentityaccessgrants\.yaml$/],
    },
    {
      name: "nothing at all",
      schemas: null,
      faults: [/^the cluster serves no aadpodidentity\.k8s\.io\/v1: .*deploy\/crds$/],
    },
    {
      name: "a binding that keeps whatever is written",
      schemas: { ...ours, [bindingKind]: { "x-kubernetes-preserve-unknown-fields": true } },
      faults: [],
    },
  ];
  for (const { name, schemas, faults } of rows) {
    it(`name what lacks: ${name}`, async () => {
      const found = (await readServedSchema(publish(schemas).api)).faults;
      assert.equal(found.length, faults.length, found.join("\n"));
      for (const [index, pattern] of faults.entries()) assert.match(found[index] ?? "", pattern);
    });
  }

  it("are not read again while the server publishes the same", async () => {
    const { api, calls } = publish(ours);
    const known = await readServedSchema(api);
    assert.equal(await readServedSchema(api, known), known);
    assert.equal(calls.length, 3);
  });
});

describe("at the start", () => {
  const signal = new AbortController().signal;

  it("definitions applied a moment ago are waited for", async () => {
    const clock = createSimulatedClock(0);
    const server = publish(null);
    const waiting = awaitServedSchema(server.api, clock, signal);
    await settle();
    server.become(ours);
    clock.advance(1_000);
    assert.deepEqual((await waiting).faults, []);
  });

  it("what still lacks after ten seconds is believed", async () => {
    const clock = createSimulatedClock(0);
    const waiting = awaitServedSchema(publish({ ...ours, [bindingKind]: classicBinding }).api, clock, signal);
    for (let second = 0; second < 10; second += 1) {
      await settle();
      clock.advance(1_000);
    }
    assert.equal((await waiting).faults.length, 1);
  });
});

describe("later", () => {
  it("a change is told within a minute, a server that is away is no change", async () => {
    const clock = createSimulatedClock(0);
    const server = publish(ours);
    const told: ServedSchema[] = [];
    const stop = followServedSchema({
      api: server.api,
      clock,
      log: createSilentLog(),
      random: () => 0,
      served: await readServedSchema(server.api),
      onChange: (served) => told.push(served),
    });
    const minute = async (): Promise<void> => {
      clock.advance(60_000);
      await settle();
    };
    await minute();
    server.fail(new KubernetesError("Unreachable", "no answer"));
    await minute();
    assert.equal(told.length, 0);
    server.fail(undefined);
    server.become({ ...ours, [bindingKind]: classicBinding });
    await minute();
    assert.deepEqual(
      told.map(({ faults }) => faults.length),
      [1],
    );
    server.become(ours);
    await minute();
    assert.deepEqual(
      told.map(({ faults }) => faults.length),
      [1, 0],
    );
    stop();
    server.become(null);
    await minute();
    assert.equal(told.length, 2);
  });
});

async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await turn();
}

/** A copy of a schema without one of its properties; `[]` steps into a list. */
function without(schema: unknown, ...path: readonly string[]): unknown {
  const copy: unknown = structuredClone(schema);
  const node = z.looseObject({
    properties: z.record(z.string(), z.unknown()).optional(),
    items: z.unknown().optional(),
  });
  const remove = (current: unknown, [step = "", ...rest]: readonly string[]): unknown => {
    const { properties = {}, items, ...others } = node.parse(current);
    if (step === "[]") return { ...others, items: remove(items, rest) };
    const { [step]: inner, ...siblings } = properties;
    return {
      ...others,
      properties: rest.length === 0 ? siblings : { ...siblings, [step]: remove(inner, rest) },
    };
  };
  return remove(copy, path);
}
