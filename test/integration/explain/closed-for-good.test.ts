import assert from "node:assert/strict";
import { test } from "node:test";

import { explain } from "../../../src/cli/explain.ts";
import { folderWith } from "../../unit/kubernetes/manifest-fixtures.ts";
import { binding, manifest, pod, principal } from "../manifests.ts";
import { explanationSchema } from "./explanation-schema.ts";

const daily = {
  openWhen: "Schedule",
  timeZone: "UTC",
  windows: [{ times: [{ start: "22:00", end: "23:00" }] }],
};
const never = /^it never opens again, as far as 800 days show: change spec\.timeBox/;

// What closes each box first, at noon of 2026-06-14, and what is said of that.
const rows: Readonly<Record<string, { readonly timeBox: object; readonly says: RegExp }>> = {
  "a window that comes again": { timeBox: daily, says: /^wait for the next opening/ },
  "windows of a year that is over": {
    timeBox: { ...daily, windows: [{ years: ["2025"], weekdays: ["Mon..Fri"] }] },
    says: never,
  },
  "an exclusion that ends": {
    timeBox: { ...daily, openWhen: "Always", windows: undefined, exclusions: [{ dates: ["06-14"] }] },
    says: /wait for its end/,
  },
  "an exclusion of every day": {
    timeBox: { ...daily, openWhen: "Always", windows: undefined, exclusions: [{ weekdays: ["Mon..Sun"] }] },
    says: never,
  },
  "a beginning, after which an exclusion goes on": {
    timeBox: {
      notBefore: "2026-07-01T00:00:00Z",
      timeZone: "UTC",
      exclusions: [{ dates: ["2026-07-01..2029-12-31"] }],
    },
    says: never,
  },
};

for (const [what, { timeBox, says }] of Object.entries(rows)) {
  test(`podid explain says to wait only where waiting helps: ${what}`, async (t) => {
    const manifests = await folderWith(t, {
      "box.yaml": manifest(...principal("web"), binding("web", { timeBox }), pod("web")),
    });
    const text = await explain(
      {
        pod: "shop/web",
        manifests,
        at: "2026-06-14T12:00:00Z",
        resource: "https://vault.azure.net/",
        policy: "",
        kubeconfig: undefined,
        clientID: undefined,
        output: "json",
      },
      (remark) => assert.fail(remark),
    );
    const { fix, token } = explanationSchema.parse(JSON.parse(text));
    assert.equal(token.outcome, "denied");
    assert.match(fix ?? "", says);
  });
}
