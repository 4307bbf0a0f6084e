import { pino, type DestinationStream, type Logger } from "pino";

import type { Clock } from "./clock.ts";

export type { DestinationStream };

/**
 * JSON lines with constant messages; what varies goes into fields. The redaction list is the last
 * line of defence: callers must not hand secrets to the log in the first place.
 */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** Makes the process's log. `level` is a pino level; the default destination is standard output. */
export function createLog(options: {
  readonly clock: Clock;
  readonly level: string;
  readonly component: string;
  readonly destination?: DestinationStream;
}): Log {
  const { clock, level, component, destination } = options;
  return pino(
    {
      level,
      base: { component },
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["access_token", "client_secret", "client_assertion", "*.access_token", "*.client_secret"],
        censor: "[redacted]",
      },
    },
    ...(destination === undefined ? [] : [destination]),
  );
}

/** A log that says nothing: for tests and one-shot commands. */
export function createSilentLog(): Log {
  return pino({ level: "silent" });
}
