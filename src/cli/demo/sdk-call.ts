import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { z } from "zod";

/** What a pod's program asks its SDK for. */
export interface Ask {
  readonly credential: "ManagedIdentityCredential" | "DefaultAzureCredential";
  readonly clientID?: string;
  readonly scope: string;
}

export type SdkResult =
  | { readonly ok: true; readonly clientID: string }
  | { readonly ok: false; readonly message: string };

const reportSchema = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), token: z.string() }),
  z.strictObject({ ok: z.literal(false), message: z.string() }),
]);
const claimsSchema = z.object({ appid: z.string() });

const run = promisify(execFile);

/**
 * Runs the SDK in a process of its own, as in a pod: its caches are static, so that a second question in
 * one process would not reach NMI. The environment holds the one variable that aims the SDK at `url`.
 */
export async function askSdk(url: string, ask: Ask, signal: AbortSignal): Promise<SdkResult> {
  const { stdout } = await run(process.execPath, [programPath(), JSON.stringify(ask)], {
    env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: url },
    encoding: "utf8",
    signal,
  });
  const report = reportSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  if (!report.ok) return { ok: false, message: shorten(report.message) };
  return { ok: true, clientID: clientOf(report.token) };
}

/** The same program from the sources and from `dist`. */
function programPath(): string {
  const source = resolve(import.meta.dirname, "pod-app.ts");
  return existsSync(source) ? source : resolve(import.meta.dirname, "pod-app.js");
}

function clientOf(token: string): string {
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  return claimsSchema.parse(JSON.parse(claims)).appid;
}

/** The SDK wraps NMI's sentence in its own words: the sentence is what says why. */
function shorten(message: string): string {
  return /Description: (.*?) - Correlation ID/su.exec(message)?.[1] ?? message.split("\n")[0] ?? message;
}
