import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { explain } from "../../../src/cli/explain.ts";

// Scenarios 36 and 37: what an API server refuses, a folder's reader refuses too, one line a mistake.
const times = [{ start: "09:00", end: "17:00" }];
const berlin = { openWhen: "Schedule", timeZone: "Europe/Berlin" };
const boxes: Readonly<Record<string, { readonly timeBox: object; readonly says: RegExp }>> = {
  "36 an exclusion in a zone that does not exist": {
    timeBox: {
      notBefore: "2026-01-01T00:00:00Z",
      timeZone: "UTC",
      exclusions: [{ times, timeZone: "Mars/Phobos" }],
    },
    says: /exclusions\[0\]\.timeZone: .*IANA/,
  },
  "37 no zone": { timeBox: { openWhen: "Schedule", windows: [{ times }] }, says: /timeZone: is required/ },
  "37 a zone in lower case": {
    timeBox: { ...berlin, timeZone: "europe/berlin", windows: [{ times }] },
    says: /timeZone: /,
  },
  "37 an empty range": {
    timeBox: { ...berlin, windows: [{ times: [{ start: "09:00", end: "09:00" }] }] },
    says: /windows\[0\]\.times\[0\]: .*different/,
  },
  "37 30 February": {
    timeBox: { ...berlin, windows: [{ dates: ["2026-02-30"] }] },
    says: /dates\[0\]: .*existing/,
  },
  "37 three weeks": {
    timeBox: { durations: [{ from: "PodStart", for: "3 weeks" }] },
    says: /durations\[0\]\.for: /,
  },
  "37 a grant mode without jit": { timeBox: { openWhen: "Grant" }, says: /no jit/ },
  "37 windows without a mode": {
    timeBox: { timeZone: "UTC", windows: [{ times }] },
    says: /openWhen: windows need/,
  },
  "37 nothing at all": { timeBox: {}, says: /limits nothing/ },
  "37 a window with a name only": {
    timeBox: { ...berlin, windows: [{ name: "night" }] },
    says: /windows\[0\]: needs/,
  },
  "37 days that run backwards": {
    timeBox: { ...berlin, windows: [{ daysOfMonth: ["25..5"] }] },
    says: /ordered/,
  },
  "37 dates of two forms": {
    timeBox: { ...berlin, windows: [{ dates: ["12-24..2027-01-02"] }] },
    says: /dates\[0\]: /,
  },
  "37 an end in 9999": { timeBox: { notAfter: "9999-12-31T00:00:00Z" }, says: /notAfter: / },
  "37 the machine's own zone": {
    timeBox: { ...berlin, timeZone: "Local", windows: [{ times }] },
    says: /timeZone: /,
  },
  "37 an offset for a zone": {
    timeBox: { ...berlin, timeZone: "+05:30", windows: [{ times }] },
    says: /timeZone: /,
  },
};

for (const [name, { timeBox, says }] of Object.entries(boxes)) {
  test(`podid explain refuses scenario ${name}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "podid-refused-"));
    try {
      const binding = {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureIdentityBinding",
        metadata: { name: "web", namespace: "shop" },
        spec: { azureIdentity: "reader", selector: "web", timeBox },
      };
      writeFileSync(join(folder, "binding.yaml"), JSON.stringify(binding, null, 1));
      const request = {
        pod: "shop/web-0",
        manifests: folder,
        at: "2026-06-14T22:00:00Z",
        resource: "r",
        policy: "",
        kubeconfig: undefined,
        clientID: undefined,
        output: "json",
      };
      const asked = explain(request, (remark) => assert.fail(remark));
      await assert.rejects(asked, (error: unknown) => {
        assert.ok(error instanceof Error && "exitCode" in error);
        assert.equal(error.exitCode, 2);
        assert.match(error.message, /^[^\n]*binding\.yaml:\d+: spec\.timeBox/);
        assert.match(error.message, says);
        return true;
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
