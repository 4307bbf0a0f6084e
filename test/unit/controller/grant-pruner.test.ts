import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { findPrunable, startGrantPruner, type AccessRecord } from "../../../src/controller/grant-pruner.ts";
import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
} from "../../../src/engine/resources.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { makeBinding, makeGrant } from "./objects.ts";

const retentionMs = 30 * 86_400_000;
const created = "2026-05-01T10:00:00Z";
const stored = { namespace: "shop", resourceVersion: "1", annotations: {}, creationTimestamp: created };
const at = (stamp: string): number => Date.parse(stamp);

const binding: AzureIdentityBinding = makeBinding("reader", {
  timeBox: { openWhen: "Grant", jit: { maxDuration: "1h", approvals: 1, approvalTimeout: "2h" } },
});

const grant = (
  name: string,
  spec: Partial<AzureIdentityAccessGrant["spec"]> = {},
): AzureIdentityAccessGrant => makeGrant(name, { creationTimestamp: created, spec });

function vote(grantName: string, decision: "Approve" | "Deny" = "Approve"): AzureIdentityAccessApproval {
  return {
    ...stored,
    name: `bob-on-${grantName}`,
    uid: `uid-of-bob-on-${grantName}`,
    spec: {
      grantName,
      grantUID: `${grantName}-uid`,
      bindingName: "reader",
      approver: "bob",
      decision,
      comment: "",
    },
  };
}

function recordsOf(
  grants: readonly AzureIdentityAccessGrant[],
  approvals: readonly AzureIdentityAccessApproval[],
) {
  let left: readonly { readonly uid: string }[] = [...grants, ...approvals];
  const gone: string[] = [];
  const still = <T extends { readonly uid: string }>(objects: readonly T[]): readonly T[] =>
    objects.filter(({ uid }) => left.some((object) => object.uid === uid));
  function list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  function list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  function list(kind: string): readonly object[] {
    return kind === "AzureIdentityAccessGrant" ? still(grants) : still(approvals);
  }
  return {
    list,
    get: (_: "AzureIdentityBinding", key: string) => (key === "shop/reader" ? binding : undefined),
    deleteAccessRecord: async ({ key, uid }: AccessRecord): Promise<void> => {
      gone.push(key);
      left = left.filter((object) => object.uid !== uid);
    },
    gone,
  };
}

const rows: Readonly<
  Record<
    string,
    { grant: AzureIdentityAccessGrant; votes?: AzureIdentityAccessApproval[]; goesAt: string | null }
  >
> = {
  "one that expired, from its end": { grant: grant("g"), votes: [vote("g")], goesAt: "2026-05-31T10:15:00Z" },
  "one that nobody approved, from its deadline": { grant: grant("g"), goesAt: "2026-05-31T12:00:00Z" },
  "a denied one, from when it was made": {
    grant: grant("g"),
    votes: [vote("g", "Deny")],
    goesAt: "2026-05-31T10:00:00Z",
  },
  "a revoked one, from when it was made": {
    grant: grant("g", { revoked: true }),
    goesAt: "2026-05-31T10:00:00Z",
  },
  "one for a binding that is gone": {
    grant: grant("g", { bindingName: "x" }),
    goesAt: "2026-05-31T10:00:00Z",
  },
  "one that begins later, from its end": {
    grant: grant("g", { notBefore: "2026-07-01T00:00:00Z" }),
    votes: [vote("g")],
    goesAt: "2026-07-31T00:15:00Z",
  },
  "never one without a server's time": {
    grant: { ...grant("g", { revoked: true }), creationTimestamp: null },
    goesAt: null,
  },
};

describe("pruning of grants", () => {
  for (const [what, { grant: one, votes = [], goesAt }] of Object.entries(rows)) {
    it(`takes ${what}`, () => {
      const records = recordsOf([one], votes);
      const prunable = (ms: number): readonly string[] =>
        findPrunable(records, instantFromMs(ms), retentionMs).map(({ key }) => key);
      if (goesAt === null) return assert.deepEqual(prunable(at("2027-01-01T00:00:00Z")), []);
      assert.deepEqual(prunable(at(goesAt) - 1000), []);
      assert.deepEqual(prunable(at(goesAt)), ["shop/g"]);
    });
  }

  it("takes ended grants that nobody vouches for, too", () => {
    const records = { ...recordsOf([], []), unbelieved: { list: () => [grant("forged")] } };
    const prunable = findPrunable(records, instantFromMs(at("2026-06-15T00:00:00Z")), retentionMs);
    assert.deepEqual(
      prunable.map(({ key }) => key),
      ["shop/forged"],
    );
  });

  it("takes approvals only when their grant is gone, and at the next look", async () => {
    const clock = createSimulatedClock(at("2026-06-15T00:00:00Z"));
    const records = recordsOf([grant("g")], [vote("g", "Deny"), vote("other")]);
    const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const stop = startGrantPruner({ clock, log: silent, records, retentionMs });
    clock.advance(0);
    await turn();
    assert.deepEqual(records.gone, ["shop/g", "shop/bob-on-other"]);
    clock.advance(3_600_000);
    await turn();
    assert.deepEqual(records.gone, ["shop/g", "shop/bob-on-other", "shop/bob-on-g"]);
    stop();
  });
});
