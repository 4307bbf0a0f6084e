import { setImmediate as turn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { keyOf } from "../engine/cluster-document.ts";
import type { AssignDecision, Candidate } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput } from "../engine/questions.ts";
import type { Pod } from "../engine/resources.ts";
import { askAgainAt, type BoundaryHints } from "../timebox/hints.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { CommandError } from "./errors.ts";

/** The policy's answer at an instant; it holds until the next sample. */
export interface Sample {
  readonly at: Instant;
  readonly candidates: readonly Candidate[];
  /** Present when custom rules took part. */
  readonly hints: AssignDecision["hints"];
}

/** Who is asked about whom, and who is told how it goes. */
export interface Sampling {
  readonly decider: Decider;
  readonly pod: Pod;
  /** Ends it between two questions. */
  readonly signal: AbortSignal;
  readonly onQuestion: (at: Instant) => void;
  /** Told of each boundary that custom rules declare and that is none. */
  readonly onHintMismatch: () => void;
  /** Why the policy gave no usable answer, as far as that is known. */
  readonly faultText: () => string | null;
}

/** Today's clocks are set at quarter hours, so minutes suffice for any rule that reads one. */
const pollSeconds = 60;
/** How long custom rules are asked by probes alone, which carry no reasons. */
const probedSeconds = 3600;
/** Instants times bindings in one question, as the daemons ask them: what is too slow here is too slow there. */
const judgementsPerQuestion = 500;

/**
 * What the policy answers at `at`, with reasons.
 * @throws CommandError 1 when the policy gives no usable answer; an AbortError when the signal aborts.
 */
export async function sampleAt(sampling: Sampling, at: Instant): Promise<Sample> {
  const { candidates, hints } = await ask(sampling, at, []);
  return { at, candidates, hints };
}

/**
 * Samples at each of `stops`, and between them where custom rules took part: at the boundary that they
 * declare, if it is one, else as often as they say, else every minute. Errors as of `sampleAt`.
 */
export async function sampleLater(
  sampling: Sampling,
  first: Sample,
  stops: readonly Instant[],
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let sample = first;
  for (const stop of stops) {
    for (let at = again(sampling, sample); at !== null && at < stop; at = again(sampling, sample)) {
      // oxlint-disable-next-line no-await-in-loop -- each question follows from the answer before
      const next = await sampleNext(sampling, sample, at, stop);
      // A year of minutes in which nothing happens would not fit into memory.
      if (isChange(sample, next)) samples.push(next);
      sample = next;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    sample = await sampleAt(sampling, stop);
    samples.push(sample);
  }
  return samples;
}

/** When custom rules are to be asked again (reference/time-boxes.md §3.5); null where none took part. */
function again({ decider, pod, onHintMismatch }: Sampling, { at, hints }: Sample): Instant | null {
  if (hints === undefined) return null;
  return askAgainAt(at, atMostEachMinute(hints), {
    ask: (probes) => {
      const { candidates, reasons } = decider.decide("assign", assignInput(pod, at, probes, false));
      return isUsable(reasons) ? candidates.map((candidate) => candidate.probes) : null;
    },
    onMismatch: onHintMismatch,
  });
}

function atMostEachMinute(hints: BoundaryHints): BoundaryHints {
  return { ...hints, recheckAfter: Math.max(hints.recheckAfter ?? 0, pollSeconds * 1e9) };
}

/**
 * The next change from `next` on, or the end of what one look covers. A declared boundary is a look of its
 * own. Where custom rules are polled, probes find what opens and closes in an hour of instants; the last of
 * them is asked in full, since another reason, or another selection, does not show in a probe.
 */
async function sampleNext(sampling: Sampling, sample: Sample, next: Instant, stop: Instant): Promise<Sample> {
  const instants = polledInstants(sample, next, stop);
  const edge = await firstEdge(sampling, sample, instants.slice(0, -1));
  if (edge !== undefined) return sampleAt(sampling, edge);
  return firstChange(sampling, sample, instants, next);
}

/** `next`, and where it is not declared all after it in the same distance, for an hour at most. */
function polledInstants({ at, hints }: Sample, next: Instant, stop: Instant): readonly Instant[] {
  const step = toSeconds(next) - toSeconds(at);
  const usual = Math.max(pollSeconds, Math.ceil((hints?.recheckAfter ?? 0) / 1e9));
  if (step !== usual) return [next];
  const count = Math.max(1, Math.floor(probedSeconds / step));
  return Array.from({ length: count }, (_, index) =>
    instantFromSeconds(toSeconds(at) + (index + 1) * step),
  ).filter((instant) => instant < stop);
}

/** The first of `instants` at which a binding is in force that was not at `sample`, or the other way round. */
async function firstEdge(
  sampling: Sampling,
  sample: Sample,
  instants: readonly Instant[],
): Promise<Instant | undefined> {
  if (sample.candidates.length === 0) return undefined; // no probe of theirs to look at
  const size = Math.ceil(judgementsPerQuestion / sample.candidates.length);
  for (let start = 0; start < instants.length; start += size) {
    const probes = instants.slice(start, start + size);
    // oxlint-disable-next-line no-await-in-loop -- no more than needed
    const { candidates } = await ask(sampling, sample.at, probes);
    const edge = probes.find((_, index) =>
      candidates.some((candidate) => candidate.probes[index] !== candidate.inForce),
    );
    if (edge !== undefined) return edge;
  }
  return undefined;
}

/** The first change in the answers to whole questions, supposed that there is one at most; else the last answer. */
async function firstChange(
  sampling: Sampling,
  sample: Sample,
  instants: readonly Instant[],
  next: Instant,
): Promise<Sample> {
  let found = await sampleAt(sampling, instants.at(-1) ?? next);
  if (!isChange(sample, found)) return found;
  let [low, high] = [0, instants.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // oxlint-disable-next-line no-await-in-loop -- each question follows from the answer before
    const tried = await sampleAt(sampling, instants[middle] ?? next);
    if (isChange(sample, tried)) [found, high] = [tried, middle];
    else low = middle + 1;
  }
  return found;
}

/** Lets a signal in first: decisions are synchronous, and a year of minutes is many of them. */
async function ask(
  { decider, pod, signal, onQuestion, faultText }: Sampling,
  at: Instant,
  probes: readonly Instant[],
): Promise<AssignDecision> {
  await turn(undefined, { signal });
  onQuestion(at);
  const decision = decider.decide("assign", assignInput(pod, at, probes, false));
  if (isUsable(decision.reasons)) return decision;
  const why = faultText();
  const what = `${keyOf(pod)} at ${formatInstant(at)}: the policy gave no usable answer`;
  throw new CommandError(1, why === null ? what : `${what}: ${why}`);
}

function isUsable(reasons: AssignDecision["reasons"]): boolean {
  return !reasons.some(({ code }) => code === "PolicyError");
}

function isChange(before: Sample, after: Sample): boolean {
  return !isDeepStrictEqual(before.candidates, after.candidates);
}
