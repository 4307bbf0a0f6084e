import type { JournalEntry } from "../../emulator/journal.ts";
import { parseInstant, toMs } from "../../timebox/instant.ts";
import type { Stack } from "../stack.ts";
import { renderTable } from "../table.ts";
import type { ServedRequest } from "./access-log.ts";
import type { Redirect } from "./redirect.ts";
import type { SdkResult } from "./sdk-call.ts";
import { berlinTime, type Scene } from "./story.ts";

export interface Answer {
  readonly scene: Scene;
  readonly result: SdkResult;
  /** The same answer as NMI's access log has it. */
  readonly served: ServedRequest | undefined;
  /** RFC 3339; when the pod's closed binding opens next, if it does. */
  readonly opensAt: string | null;
  /** The AzureIdentity that the token is for; null when it is none of the folder's. */
  readonly identity: string | null;
}

/** Who asked when, and what came back. */
export function renderAnswers(answers: readonly Answer[]): string {
  return renderTable(
    ["BERLIN TIME", "POD", "ASKS FOR", "ANSWER", "REASON", "EXPIRES ON", "NEXT OPENING"],
    answers.map((answer) => {
      const { scene, result, served } = answer;
      const expiresOnMs = served?.toldExp === undefined ? null : served.toldExp * 1000;
      return [
        berlinTime(scene.atMs),
        scene.pod,
        scene.asks,
        `${served?.status ?? "-"} ${result.ok ? (answer.identity ?? "the node's own identity") : "refused"}`,
        served?.reasons.join(", ") ?? "",
        expiresOnMs === null ? "" : berlinTime(expiresOnMs),
        answer.opensAt === null ? "" : berlinTimeOf(answer.opensAt),
      ];
    }),
  );
}

/** What ARM was asked to change. */
export function renderJournal(entries: readonly JournalEntry[]): string {
  const patches = entries.filter(({ listener, method }) => listener === "arm" && method === "PATCH");
  const rows = patches.map(({ at, machineID, added = [], removed = [], status }) => [
    berlinTimeOf(at),
    String(status),
    lastSegment(machineID ?? ""),
    added.map(lastSegment).join(", "),
    removed.map(lastSegment).join(", "),
  ]);
  return `ARM journal: ${patches.length} PATCH requests\n${renderTable(
    ["BERLIN TIME", "STATUS", "MACHINE", "ON", "OFF"],
    rows,
  )}`;
}

const examplePod = "shop/worker-0";

/** How to play on while everything runs. */
export function renderAddresses(
  stack: Stack,
  redirects: ReadonlyMap<string, Redirect>,
  folder: string,
): string {
  const pods = [...redirects].map(([pod, { url }]) => [pod, url]);
  const url = redirects.get(examplePod)?.url ?? "";
  return [
    renderTable(["POD", "METADATA ENDPOINT"], pods),
    "",
    `ARM ${stack.azure.arm}   Entra ${stack.azure.entra}`,
    `Everything keeps running, on the simulated clock; edit ${folder} and ask again, for example as ${examplePod}:`,
    `  curl -sH Metadata:true '${url}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net'`,
    "Ctrl-C ends it.",
  ].join("\n");
}

function berlinTimeOf(text: string): string {
  const instant = parseInstant(text);
  return instant === undefined ? text : berlinTime(toMs(instant));
}

function lastSegment(id: string): string {
  return id.split("/").at(-1) ?? id;
}
