import type { Clock } from "../runtime/clock.ts";
import { isoTime } from "./times.ts";

export type ListenerName = "entra" | "arm" | `imds:${string}`;

/** What the handler of a request knows beyond its wire form. Never a secret, a token or an assertion. */
export interface JournalFacts {
  /** The identity or application the request was for. */
  readonly clientID?: string;
  /** The audience of the token that was asked for. */
  readonly audience?: string;
  /** The virtual machine or scale set, and what an accepted PATCH changes on it. */
  readonly machineID?: string;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
}

/** One answered request (azure.md §7.6). */
export interface JournalEntry extends JournalFacts {
  /** Counts from 1 and goes on after `clear`. */
  readonly sequence: number;
  /** Time of the answer on the emulator's clock, RFC 3339 in UTC. */
  readonly at: string;
  readonly listener: ListenerName;
  readonly method: string;
  /** Path and query as sent, but for the values of secret parameters. */
  readonly target: string;
  readonly status: number;
}

export interface Journal {
  /** Oldest first; a copy. */
  list(): readonly JournalEntry[];
  clear(): void;
}

/** The journal as the listeners see it. */
export interface JournalWriter extends Journal {
  add(entry: Omit<JournalEntry, "sequence" | "at">): void;
}

/** Makes an empty journal whose times come from `clock`. */
export function createJournal(clock: Clock): JournalWriter {
  let sequence = 0;
  let entries: JournalEntry[] = [];
  return {
    list: () => [...entries],
    clear: () => void (entries = []),
    add: (entry) => {
      sequence += 1;
      const at = isoTime(clock.nowMs());
      entries.push({ sequence, at, ...entry, target: withoutSecrets(entry.target) });
    },
  };
}

/** Parameters that carry credentials in OAuth (RFC 6749, 7521); they belong in a body, yet people put them in URLs. */
const secretParameters: ReadonlySet<string> = new Set([
  "access_token",
  "assertion",
  "client_assertion",
  "client_secret",
  "password",
  "refresh_token",
]);

function withoutSecrets(target: string): string {
  const [path, ...rest] = target.split("?");
  if (rest.length === 0) return target;
  const query = rest.join("?").split("&").map(withoutSecret).join("&");
  return `${path}?${query}`;
}

function withoutSecret(parameter: string): string {
  const [name] = new URLSearchParams(parameter).keys();
  return name !== undefined && secretParameters.has(name.toLowerCase()) ? `${name}=[redacted]` : parameter;
}
