import { z } from "zod";

import { type Clock, delay } from "../runtime/clock.ts";
import type { ArmClient, StartedOperation } from "./arm-client.ts";
import {
  type ArmError,
  armFailure,
  type ComputeFailure,
  thrownFailure,
  unknownOutcome,
} from "./compute-result.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { parseJson } from "./json.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import type { VmId } from "./vm-id.ts";

const operationSchema = z.object({
  status: z.string(),
  error: z
    .object({
      code: z.string().default(""),
      message: z.string().default(""),
      details: z.unknown().optional(),
    })
    .optional(),
});

/** Assignments take about 35 s; what is not done after this is looked at again later (reliability.md Z5). */
const operationLimitMs = 600_000;
const pollLimitMs = 60_000;
const defaultDelayMs = 2_000;
const shortestDelayMs = 1_000;

type PollOutcome =
  | { readonly kind: "running"; readonly delayMs: number }
  | { readonly kind: "ended"; readonly failure: ComputeFailure | null };

/**
 * Follows an operation to its end. Answers the failure it ended with, or null when it succeeded or its end
 * cannot be known any more: reading the machine decides then. Throttling, 5xx and lost polls are waited out.
 * @throws the signal's reason.
 */
export async function followOperation(options: {
  readonly arm: ArmClient;
  readonly clock: Clock;
  readonly vm: VmId;
  readonly started: StartedOperation;
  /** The identities that the change is about. */
  readonly sent: readonly string[];
  readonly signal: AbortSignal;
}): Promise<ComputeFailure | null> {
  const { clock, started, signal } = options;
  if (started.url === undefined) return null;
  const endMs = clock.monotonicMs() + operationLimitMs;
  let delayMs = delayOf(started.retryAfter, clock);
  while (clock.monotonicMs() + delayMs <= endMs) {
    // oxlint-disable-next-line no-await-in-loop -- polls follow one another
    await delay(clock, delayMs, signal);
    // oxlint-disable-next-line no-await-in-loop -- polls follow one another
    const outcome = await pollOnce({ ...options, url: started.url });
    if (outcome.kind === "ended") return outcome.failure;
    delayMs = outcome.delayMs;
  }
  return unknownOutcome(`the operation did not end within ${operationLimitMs / 60_000} minutes`);
}

async function pollOnce(options: {
  readonly arm: ArmClient;
  readonly clock: Clock;
  readonly vm: VmId;
  readonly url: string;
  readonly sent: readonly string[];
  readonly signal: AbortSignal;
}): Promise<PollOutcome> {
  const { arm, clock, vm, url, sent, signal } = options;
  try {
    const { status, headers, bodyAsText } = await withDeadline(clock, pollLimitMs, signal, (bounded) =>
      arm.pollOperation(vm, url, bounded),
    );
    const delayMs = delayOf(headers.get("retry-after"), clock);
    if (status === 429 || status >= 500) return { kind: "running", delayMs };
    if (status !== 200) return { kind: "ended", failure: null };
    return judge(bodyAsText ?? "", delayMs, (error) => armFailure(error, clock.nowMs(), sent));
  } catch (thrown) {
    signal.throwIfAborted();
    const failure = thrownFailure(thrown, clock.nowMs());
    if (failure.kind === "throttled")
      return { kind: "running", delayMs: delayAfter(failure.retryAfterSeconds) };
    if (failure.kind !== "unavailable") return { kind: "ended", failure };
    return { kind: "running", delayMs: defaultDelayMs };
  }
}

function judge(body: string, delayMs: number, sort: (error: ArmError) => ComputeFailure): PollOutcome {
  const parsed = operationSchema.safeParse(parseJson(body));
  if (!parsed.success) return { kind: "running", delayMs };
  const { status, error = { code: "", message: "" } } = parsed.data;
  switch (status) {
    case "Succeeded":
      return { kind: "ended", failure: null };
    case "Failed":
    case "Canceled": {
      const code = error.code || status;
      return {
        kind: "ended",
        failure: sort({ ...error, code, status: null, retryAfter: undefined }),
      };
    }
    default:
      return { kind: "running", delayMs };
  }
}

function delayOf(retryAfter: string | undefined, clock: Clock): number {
  return delayAfter(retryAfterSeconds(retryAfter, clock.nowMs()));
}

function delayAfter(seconds: number | null): number {
  return seconds === null ? defaultDelayMs : Math.max(shortestDelayMs, seconds * 1000);
}
