import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { viewGrant } from "../../../src/controller/grant-view.ts";
import { assignInput } from "../../../src/engine/questions.ts";
import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  JsonObject,
} from "../../../src/engine/resources.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";
import { makeBinding, makeGrant, makeIdentity, makePod } from "./objects.ts";
import { findingsOn } from "./policy.ts";

const stored = { namespace: "shop", resourceVersion: "1", annotations: {} };
const created = "2026-05-01T10:00:00Z";

const granted = (spec: Partial<AzureIdentityAccessGrant["spec"]> = {}): AzureIdentityAccessGrant =>
  makeGrant("g", { creationTimestamp: created, spec });

function vote(
  approver: string,
  at: string,
  fields: Partial<AzureIdentityAccessApproval["spec"]> = {},
): AzureIdentityAccessApproval {
  return {
    ...stored,
    name: `${approver}-${at}-${fields.decision ?? "yes"}`,
    uid: `${approver}-${at}`,
    creationTimestamp: at,
    spec: {
      grantName: "g",
      grantUID: "g-uid",
      bindingName: "reader",
      approver,
      decision: "Approve",
      comment: "",
      ...fields,
    },
  };
}

interface Row {
  readonly jit: JsonObject;
  readonly grant?: AzureIdentityAccessGrant;
  readonly votes?: readonly AzureIdentityAccessApproval[];
  readonly bindingCreated?: string;
  /** Instant → state. */
  readonly states: Readonly<Record<string, string>>;
}

const two = { maxDuration: "1h", approvals: 2 };
const none = { maxDuration: "1h", approvals: 0 };
const one = { maxDuration: "1h", approvals: 1 };
const rows: Readonly<Record<string, Row>> = {
  "nobody has to agree (28)": {
    jit: none,
    states: {
      "2026-05-01T10:00:00Z": "Active",
      "2026-05-01T10:14:59Z": "Active",
      "2026-05-01T10:15:00Z": "Expired",
    },
  },
  "the second of three agrees (29)": {
    jit: two,
    votes: [
      vote("bob", "2026-05-01T10:05:00Z"),
      vote("carol", "2026-05-01T10:12:00Z"),
      vote("dan", "2026-05-01T10:13:00Z"),
    ],
    states: {
      "2026-05-01T10:12:00Z": "Active",
      "2026-05-01T10:26:59Z": "Active",
      "2026-05-01T10:27:00Z": "Expired",
    },
  },
  "one person twice, and the requester (30)": {
    jit: two,
    votes: [
      vote("bob", "2026-05-01T10:05:00Z"),
      vote("bob", "2026-05-01T10:06:00Z"),
      vote("alice", "2026-05-01T10:07:00Z"),
    ],
    states: {
      "2026-05-01T10:20:00Z": "Pending",
      "2026-05-02T10:00:00Z": "Pending",
      "2026-05-02T10:00:01Z": "TimedOut",
    },
  },
  "a denial": {
    jit: one,
    votes: [vote("bob", "2026-05-01T10:05:00Z"), vote("alice", "2026-05-01T10:06:00Z", { decision: "Deny" })],
    states: { "2026-05-01T10:10:00Z": "Denied" },
  },
  "an agreement a second too late": {
    jit: one,
    votes: [vote("bob", "2026-05-02T10:00:01Z")],
    states: { "2026-05-02T10:00:02Z": "TimedOut" },
  },
  "an agreement at the deadline": {
    jit: one,
    votes: [vote("bob", "2026-05-02T10:00:00Z")],
    states: { "2026-05-02T10:00:00Z": "Active", "2026-05-02T10:15:00Z": "Expired" },
  },
  "more than the maximum (31)": {
    jit: { ...none, maxDuration: "20m" },
    grant: granted({ for: "8h" }),
    states: { "2026-05-01T10:19:59Z": "Active", "2026-05-01T10:20:00Z": "Expired" },
  },
  "a later beginning": {
    jit: none,
    grant: granted({ notBefore: "2026-05-01T12:00:00Z" }),
    states: {
      "2026-05-01T11:59:59Z": "Scheduled",
      "2026-05-01T12:00:00Z": "Active",
      "2026-05-01T12:15:00Z": "Expired",
    },
  },
  "a revocation (33)": {
    jit: none,
    grant: granted({ revoked: true }),
    states: { "2026-05-01T10:05:00Z": "Revoked" },
  },
  "a binding made anew (33)": {
    jit: none,
    bindingCreated: "2026-05-01T10:00:01Z",
    states: { "2026-05-01T10:05:00Z": "Void" },
  },
  "an agreement to a namesake": {
    jit: one,
    votes: [vote("bob", "2026-05-01T10:05:00Z", { grantUID: "other" })],
    states: { "2026-05-01T10:10:00Z": "Pending" },
  },
  "an agreement stamped before its grant": {
    jit: one,
    votes: [vote("bob", "2026-05-01T09:59:59Z")],
    states: { "2026-05-01T10:00:00Z": "Active", "2026-05-01T10:15:00Z": "Expired" },
  },
  "a malformed length": {
    jit: none,
    grant: granted({ for: "3 weeks" }),
    states: { "2026-05-01T10:05:00Z": "Void" },
  },
};

describe("the state of a grant is what the policy makes of it:", () => {
  for (const [name, row] of Object.entries(rows)) {
    it(name, async (t) => {
      const { jit, grant = granted(), votes = [], bindingCreated = "2026-01-01T00:00:00Z", states } = row;
      const made = makeBinding("reader", { timeBox: { openWhen: "Grant", jit } });
      const binding = { ...made, creationTimestamp: bindingCreated };
      const { decider } = await findingsOn(t, {
        identities: [makeIdentity("reader")],
        bindings: [binding],
        grants: [grant],
        approvals: votes,
      });
      for (const [at, state] of Object.entries(states)) {
        const now = instantFromMs(Date.parse(at));
        assert.equal(viewGrant(grant, binding, votes, now).state, state, at);
        const { candidates } = decider.decide("assign", assignInput(makePod("web-0"), now, [], false));
        assert.equal(candidates[0]?.inForce, state === "Active", `the policy at ${at}`);
      }
    });
  }
});
