import assert from "node:assert/strict";
import { it } from "node:test";

import { startDaemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { daily } from "./window-decider.ts";

it("tells issues and denials on the binding, in words that repeat and without the token", async (t) => {
  const daemon = await startDaemon({ at: "2026-06-14T21:59:59Z" });
  t.after(() => daemon.nmi.close());
  const { resources } = daemon;
  const reader = identity("reader");
  resources.put("AzureIdentity", reader);
  const box = { azureIdentity: "reader", selector: "frontend", timeBox: daily("22:00", "23:00") };
  resources.put("AzureIdentityBinding", binding("nightly", box));
  resources.put("Pod", pod("frontend", "127.0.0.2"));
  resources.put("AzureAssignedIdentity", assigned("frontend", reader));

  await daemon.askToken("127.0.0.2");
  daemon.clock.advance(1000);
  const first = await daemon.askToken("127.0.0.2");
  daemon.clock.advance(60_000);
  await daemon.askToken("127.0.0.2");

  assert.deepEqual(
    resources.events.map(({ kind, key, type, reason, related }) => [kind, key, type, reason, related.key]),
    [
      ["AzureIdentityBinding", "shop/nightly", "Warning", "TokenDenied", "shop/frontend"],
      ["AzureIdentityBinding", "shop/nightly", "Normal", "TokenIssued", "shop/frontend"],
      ["AzureIdentityBinding", "shop/nightly", "Normal", "TokenIssued", "shop/frontend"],
    ],
  );
  const [denied, issued, again] = resources.events;
  assert.match(denied?.message ?? "", /OutsideSchedule/);
  assert.deepEqual(again, issued, "equal, so that the recorder counts");
  assert.ok(!JSON.stringify(resources.events).includes(first.json["access_token"] ?? "?"));
});
