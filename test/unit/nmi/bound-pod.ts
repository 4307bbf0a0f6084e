import assert from "node:assert/strict";

import { startDaemon, type Daemon, type HttpAnswer } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";

/** The source address of pod shop/web. */
export const web = "127.0.0.2";
export const reader = identity("reader");

/** A daemon with one pod, bound to one identity that is assigned, ten minutes after all that: 12:10. */
export async function startBoundPod(
  options: Partial<Parameters<typeof startDaemon>[0]> = {},
): Promise<Daemon> {
  const daemon = await startDaemon({ at: "2026-06-14T12:00:00Z", ...options });
  const { resources } = daemon;
  resources.put("AzureIdentity", reader);
  resources.put("AzureIdentityBinding", binding("plain", { azureIdentity: "reader", selector: "web" }));
  resources.put("Pod", pod("web", web));
  resources.put("AzureAssignedIdentity", assigned("web", reader));
  daemon.clock.advance(600_000);
  return daemon;
}

/** Stops a daemon and makes sure that no timer and no listener is left of it. */
export async function stopCleanly(daemon: Daemon): Promise<void> {
  await daemon.nmi.close();
  assert.equal(daemon.clock.nextTimerInMs(), null);
  assert.equal(daemon.resources.listenerCount(), 0);
}

/** Starts a request and resolves once it waits. */
export async function hold(
  daemon: Daemon,
  from = web,
  query = "",
  signal?: AbortSignal,
): Promise<{ readonly answer: Promise<HttpAnswer> }> {
  const isHeld = daemon.clock.timerStarted();
  const answer = daemon.askToken(from, query, signal);
  answer.catch(() => undefined);
  await isHeld;
  return { answer };
}

export function descriptionOf(answer: HttpAnswer): string {
  return answer.json["error_description"] ?? "";
}
