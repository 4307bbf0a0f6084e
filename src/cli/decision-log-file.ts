import { writeFile } from "node:fs";
import { appendFile } from "node:fs/promises";

import type { DecisionRecord } from "../engine/decision-log.ts";
import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { toError } from "../runtime/to-error.ts";
import { formatInstant, instantFromMs } from "../timebox/instant.ts";
import { CommandError } from "./errors.ts";

/** Takes decision records and never gets in a decision's way. */
export interface DecisionLog {
  /** Takes the record to be written soon; returns at once and never throws. */
  readonly write: (record: DecisionRecord) => void;
  /** Counts records that are lost from now on in `metrics`; answers `metrics`. */
  readonly countIn: (metrics: Metrics) => Metrics;
  /** Resolves when all that was taken is written or given up, after two seconds at the latest. */
  close(): Promise<void>;
}

/** Appends text; rejects when it could not, maybe after a part of it. */
export type AppendText = (text: string) => Promise<void>;

/** Some 5 MB, or a second of a busy agent's decisions: what comes while the disk does not answer is dropped. */
const mostPending = 10_000;
/** A reader that does not read must not keep a daemon from ending. */
const longestCloseMs = 2000;
const standardOutput = 1;

/**
 * What the flag `--decision-log` means: JSON lines, appended to the file, or `-` for standard output; undefined
 * or empty: no log. The file is opened for each write, so that it may be rotated away at any time.
 * @throws CommandError 2 when the file cannot be written to at the start; later failures only cost records.
 */
export async function openDecisionLog(
  target: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<DecisionLog | undefined> {
  if (target === undefined || target === "") return undefined;
  if (target === "-") return createDecisionLog({ ...deps, append: appendToOutput });
  const append: AppendText = (text) => appendFile(target, text, { mode: 0o640 });
  await append("").catch((cause: unknown) => {
    const problem = toError(cause).message;
    throw new CommandError(2, `--decision-log: ${problem}; name a file that podid may write to, or -`, {
      cause,
    });
  });
  return createDecisionLog({ ...deps, append });
}

/** Writes record after record by `append`; what cannot be written is counted, and logged once until it can. */
export function createDecisionLog(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly append: AppendText;
}): DecisionLog {
  const { clock } = deps;
  const losses = createLosses(deps.log);
  const append = afterTornLines(deps.append);
  let pending: string[] = [];
  let writing: Promise<void> | undefined;

  const writePending = async (): Promise<void> => {
    while (pending.length > 0) {
      const lines = pending;
      pending = [];
      // oxlint-disable-next-line no-await-in-loop -- one write after the other keeps the order
      await append(lines.join("")).then(losses.end, (error: unknown) =>
        losses.add(lines.length, toError(error).message),
      );
    }
    writing = undefined;
  };
  return {
    write: (record) => {
      if (pending.length >= mostPending) return losses.add(1, `${mostPending} records wait to be written`);
      const time = formatInstant(instantFromMs(clock.nowMs()));
      pending.push(`${JSON.stringify({ time, ...record })}\n`);
      // What is decided in one go is written in one go.
      writing ??= Promise.resolve().then(writePending);
      return undefined;
    },
    countIn: losses.countIn,
    close: async () => {
      const written = new AbortController();
      const patience = delay(clock, longestCloseMs, written.signal).catch(() => undefined);
      await Promise.race([writing, patience]);
      written.abort();
    },
  };
}

/** Records that were lost: one line in the log when that begins and one when it ends, and a count of all. */
function createLosses(log: Log): {
  readonly add: (records: number, err: string) => void;
  readonly end: () => void;
  readonly countIn: (metrics: Metrics) => Metrics;
} {
  const counters: ((records: number) => void)[] = [];
  let isLosing = false;
  return {
    add: (records, err) => {
      if (!isLosing) log.error({ err }, "the decision log cannot be written; decisions go on unrecorded");
      isLosing = true;
      for (const count of counters) count(records);
    },
    end: () => {
      if (isLosing) log.info({}, "the decision log is written again");
      isLosing = false;
    },
    countIn: (metrics) => {
      const lost = metrics.counter({
        name: "podid_decision_log_lost_total",
        help: "Decisions that could not be written to the decision log.",
        labels: [],
      });
      counters.push((records) => lost({}, records));
      return metrics;
    },
  };
}

/** A failed write may have left half a line, which must not swallow the next one. */
function afterTornLines(append: AppendText): AppendText {
  let isTorn = false;
  return async (text) => {
    const whole = isTorn ? `\n${text}` : text;
    isTorn = true;
    await append(whole);
    isTorn = false;
  };
}

/** By Node's thread pool: `process.stdout` would wait for a reader that does not read. */
function appendToOutput(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  writeFile(standardOutput, text, (error) => (error === null ? resolve() : reject(error)));
  return promise;
}
