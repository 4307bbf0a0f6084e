import type { ReasonCode } from "../../../src/engine/reasons.ts";
import type { Scenario } from "./scenario.ts";
import { podidObject } from "./simulated.ts";

// Scenarios 28 to 35: what a grant opens. In a folder requester and approver are taken as written.

const grant = (name: string, created: string, spec: object): object =>
  podidObject(
    "AzureIdentityAccessGrant",
    name,
    { bindingName: "web", requester: "alice", justification: "restore the ledger", ...spec },
    { uid: `${name}-uid`, creationTimestamp: created },
  );
const vote = (name: string, approver: string, decision: string, created: string): object =>
  podidObject(
    "AzureIdentityAccessApproval",
    name,
    { grantName: "g", grantUID: "g-uid", bindingName: "web", approver, decision },
    { creationTimestamp: created },
  );
const approval = (approver: string, created: string): object => vote(approver, approver, "Approve", created);
const fourEyes = { openWhen: "Grant", jit: { maxDuration: "1h", approvals: 2 } };
const oldGrant = (): object => grant("g", "2026-04-30T10:00:00Z", { for: "15m" });
const mayDayOff = { dates: ["05-01"] };
const jit = { maxDuration: "1h", approvals: 0 };
const officeHours = { timeZone: "UTC", windows: [{ times: [{ start: "09:00", end: "17:00" }] }] };
const outsideSchedule: readonly ReasonCode[] = ["OutsideSchedule"];
const noGrant: readonly ReasonCode[] = ["NoActiveGrant"];
const mayDay = { created: "2026-05-01T00:00:00Z", from: "2026-05-01T09:00:00Z", to: "2026-05-01T18:00:00Z" };

export const grants: readonly Scenario[] = [
  {
    ...mayDay,
    name: "28 a grant of a quarter of an hour",
    timeBox: { openWhen: "Grant", jit },
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "15m" })],
    intervals: [["2026-05-01T10:00:00Z", "2026-05-01T10:15:00Z", noGrant, noGrant]],
  },
  {
    ...mayDay,
    name: "29 the clock starts at the second approval",
    timeBox: { openWhen: "Grant", jit: { ...jit, approvals: 2 } },
    access: [
      grant("g", "2026-05-01T10:00:00Z", { for: "15m" }),
      approval("bob", "2026-05-01T10:05:00Z"),
      approval("carol", "2026-05-01T10:12:00Z"),
      approval("dave", "2026-05-01T10:13:00Z"),
    ],
    intervals: [["2026-05-01T10:12:00Z", "2026-05-01T10:27:00Z", ["GrantPendingApproval"], noGrant]],
  },
  {
    ...mayDay,
    name: "30 the same approver twice, and the requester, are one approval",
    timeBox: fourEyes,
    access: [
      grant("g", "2026-05-01T10:00:00Z", { for: "15m" }),
      approval("bob", "2026-05-01T10:05:00Z"),
      vote("bob-again", "bob", "Approve", "2026-05-01T10:06:00Z"),
      approval("alice", "2026-05-01T10:07:00Z"),
    ],
    intervals: [],
  },
  {
    ...mayDay,
    name: "30 one Deny outweighs all approvals",
    timeBox: fourEyes,
    access: [
      grant("g", "2026-05-01T10:00:00Z", { for: "15m" }),
      approval("bob", "2026-05-01T10:05:00Z"),
      approval("carol", "2026-05-01T10:06:00Z"),
      vote("no", "dave", "Deny", "2026-05-01T10:07:00Z"),
    ],
    intervals: [],
  },
  {
    ...mayDay,
    name: "30 the last approval at the deadline counts",
    created: "2026-04-30T00:00:00Z",
    timeBox: fourEyes,
    access: [oldGrant(), approval("bob", "2026-04-30T11:00:00Z"), approval("carol", "2026-05-01T10:00:00Z")],
    intervals: [["2026-05-01T10:00:00Z", "2026-05-01T10:15:00Z", ["GrantPendingApproval"], noGrant]],
  },
  {
    ...mayDay,
    name: "30 a second later it does not",
    created: "2026-04-30T00:00:00Z",
    timeBox: fourEyes,
    access: [oldGrant(), approval("bob", "2026-04-30T11:00:00Z"), approval("carol", "2026-05-01T10:00:01Z")],
    intervals: [],
  },
  {
    ...mayDay,
    name: "33 a revoked grant",
    timeBox: { openWhen: "Grant", jit },
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "1h", revoked: true })],
    intervals: [],
  },
  {
    ...mayDay,
    name: "31 no longer than the box allows",
    timeBox: { openWhen: "Grant", jit },
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "8h" })],
    intervals: [["2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z", noGrant, noGrant]],
  },
  {
    ...mayDay,
    name: "32 overlapping grants are one interval",
    timeBox: { openWhen: "Grant", jit },
    access: [
      grant("g", "2026-05-01T10:00:00Z", { for: "15m" }),
      grant("h", "2026-05-01T10:10:00Z", { for: "30m" }),
    ],
    intervals: [["2026-05-01T10:00:00Z", "2026-05-01T10:40:00Z", noGrant, noGrant]],
  },
  {
    ...mayDay,
    name: "33 a grant that is older than its binding",
    timeBox: { openWhen: "Grant", jit },
    created: "2026-05-01T10:20:00Z",
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "1h" })],
    intervals: [],
    closed: [noGrant],
  },
  {
    ...mayDay,
    name: "34 window and grant",
    timeBox: { ...officeHours, openWhen: "ScheduleAndGrant", jit },
    access: [grant("g", "2026-05-01T08:30:00Z", { for: "1h" })],
    from: "2026-05-01T08:00:00Z",
    intervals: [["2026-05-01T09:00:00Z", "2026-05-01T09:30:00Z", outsideSchedule, noGrant]],
  },
  {
    ...mayDay,
    name: "34 window or grant",
    timeBox: { ...officeHours, openWhen: "ScheduleOrGrant", jit },
    access: [grant("g", "2026-05-01T08:30:00Z", { for: "1h" })],
    from: "2026-05-01T08:00:00Z",
    intervals: [
      [
        "2026-05-01T08:30:00Z",
        "2026-05-01T17:00:00Z",
        ["NoActiveGrant", "OutsideSchedule"],
        ["NoActiveGrant", "OutsideSchedule"],
      ],
    ],
  },
  {
    ...mayDay,
    name: "35 an exclusion closes what a grant would open",
    timeBox: { openWhen: "Grant", jit, timeZone: "UTC", exclusions: [mayDayOff] },
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "1h" })],
    intervals: [],
  },
  {
    ...mayDay,
    name: "35 but not one that exempts grants",
    timeBox: { openWhen: "Grant", jit, timeZone: "UTC", exclusions: [{ ...mayDayOff, exemptGrants: true }] },
    access: [grant("g", "2026-05-01T10:00:00Z", { for: "1h" })],
    intervals: [
      [
        "2026-05-01T10:00:00Z",
        "2026-05-01T11:00:00Z",
        ["Excluded", "NoActiveGrant"],
        ["Excluded", "NoActiveGrant"],
      ],
    ],
  },
];
