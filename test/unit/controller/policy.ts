import { join } from "node:path";
import type { TestContext } from "node:test";

import { readPolicy } from "../../../src/cli/policy.ts";
import type { FindingDependencies } from "../../../src/controller/status-findings.ts";
import { createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { keyOf } from "../../../src/engine/cluster-document.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  Pod,
} from "../../../src/engine/resources.ts";

const bundlePath = join(import.meta.dirname, "../../../dist/policies.tar.gz");

interface Objects {
  readonly identities: readonly AzureIdentity[];
  readonly bindings: readonly AzureIdentityBinding[];
  readonly grants?: readonly AzureIdentityAccessGrant[];
  readonly approvals?: readonly AzureIdentityAccessApproval[];
  readonly pods?: readonly Pod[];
}

/** What findings are made with: the policy that ships, on these objects. */
export async function findingsOn(t: TestContext, objects: Objects): Promise<FindingDependencies> {
  const engine = await createEngine(await readPolicy(bundlePath), { nowMs: () => 0 });
  const lists: Readonly<Record<string, readonly { readonly namespace: string; readonly name: string }[]>> = {
    AzureIdentity: objects.identities,
    AzureIdentityBinding: objects.bindings,
    AzureIdentityAccessGrant: objects.grants ?? [],
    AzureIdentityAccessApproval: objects.approvals ?? [],
    Pod: objects.pods ?? [],
  };
  // Overloads by kind cannot be written as one generic function without a cast; an any-typed table is none.
  const list = (kind: string): never[] => JSON.parse(JSON.stringify(lists[kind] ?? []));
  const held = new Map(Object.keys(lists).map((kind) => [kind, list(kind)]));
  const cluster = {
    list: (kind: string): never[] => held.get(kind) ?? [],
    get: (kind: string, key: string) => (held.get(kind) ?? []).find((object) => keyOf(object) === key),
    subscribe: () => () => {},
  };
  const decider = createClusterDecider(engine, cluster);
  t.after(async () => {
    decider.close();
    await engine.close();
  });
  return {
    decider,
    cluster,
    namespaced: false,
    counts: { of: () => ({ total: 0, ready: 0 }) },
    terms: { policyDigest: "digest", tzdata: "2026c" },
  };
}
