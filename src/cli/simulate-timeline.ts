import { isDeepStrictEqual } from "node:util";

import { keyOf } from "../engine/cluster-document.ts";
import type { Candidate, Reason } from "../engine/decision.ts";
import { podInput, timeFacts } from "../engine/questions.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import { candidateInstants, zonesOf, type TimeFacts } from "../timebox/candidates.ts";
import { instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { bindingsOf } from "./explanation.ts";
import { sampleAt, sampleLater, type Sample, type Sampling } from "./simulate-samples.ts";

/** `[from, to)`. */
export interface TimeRange {
  readonly from: Instant;
  readonly to: Instant;
}

/** What these bindings are, or were, closed by. */
export interface Cause {
  readonly bindings: readonly string[];
  readonly reasons: readonly Reason[];
}

/** A time in which at least one binding gives the pod the identity. */
export interface Interval extends TimeRange {
  /** What kept it closed up to `from`; null when it was open before the simulated range. */
  readonly startReason: Cause | null;
  /** What closes it at `to`; null when it stays open beyond the simulated range. */
  readonly endReason: Cause | null;
  /** Those that are in force at some time of the interval. */
  readonly bindings: readonly string[];
}

/** A time in which no binding gives the pod the identity, always for the same reasons. */
export interface ClosedSpan extends TimeRange {
  readonly reason: Cause;
}

export interface IdentityTimeline {
  readonly identity: string;
  readonly bindings: readonly string[];
  /** The zone in which its windows are written; null when there is none, or more than one. */
  readonly timeZone: string | null;
  readonly intervals: readonly Interval[];
  readonly closed: readonly ClosedSpan[];
}

export interface PodTimeline {
  readonly pod: string;
  /** Passed through to the platform's metadata service, whatever its bindings say. */
  readonly exempt: boolean;
  readonly identities: readonly IdentityTimeline[];
}

/** Who has which identity when. */
export interface Simulation extends TimeRange {
  readonly policy: { readonly revision: string; readonly digest: string };
  readonly pods: readonly PodTimeline[];
}

/** A sample, for one identity. */
interface State {
  readonly at: Instant;
  readonly open: readonly string[];
  readonly closed: readonly Candidate[];
}

/**
 * When the sampled pod has which identity within `range`, as the policy judges it: asked at every instant at which
 * its answer could change, and just outside both ends. Each instant is a question of its own, not a
 * probe, because only the answer for `now` carries reasons; custom rules are probed as well, where no instants are
 * known. Pod, bindings and grants are taken as they are; nothing that could still be created or changed is guessed.
 * @throws CommandError 1 when the policy gives no usable answer; an AbortError when the signal aborts.
 */
export async function simulatePod(
  sampling: Sampling,
  source: ResourceSource,
  range: TimeRange,
): Promise<PodTimeline> {
  const { decider, pod } = sampling;
  const factsOf = (candidates: readonly Candidate[]): TimeFacts =>
    timeFacts(pod, bindingsOf(source, candidates.map(nameOf)), source);
  const before = await sampleAt(sampling, instantFromSeconds(toSeconds(range.from) - 1));
  const first = await sampleAt(sampling, range.from);
  const seconds = toSeconds(range.to) - toSeconds(range.from);
  const changes = candidateInstants(factsOf(first.candidates), range.from, seconds);
  const stops = [...changes.filter((at) => at < range.to), range.to];
  const later = await sampleLater(sampling, first, stops);
  const byIdentity = Map.groupBy(first.candidates, ({ identity }) => identity);
  const identities = Array.from(byIdentity, ([identity, candidates]): IdentityTimeline => {
    const state = (sample: Sample): State => stateOf(identity, sample);
    const { intervals, closed } = foldStates(state(before), state(first), later.map(state));
    const timeZone = onlyOne(zonesOf(factsOf(candidates)));
    return { identity, bindings: candidates.map(nameOf), timeZone, intervals, closed };
  });
  return { pod: keyOf(pod), exempt: decider.decide("exempt", { pod: podInput(pod) }).exempt, identities };
}

function stateOf(identity: string, { at, candidates }: Sample): State {
  const own = candidates.filter((candidate) => candidate.identity === identity);
  return { at, open: own.filter(isOpen).map(nameOf), closed: own.filter((candidate) => !isOpen(candidate)) };
}

/** Joins states to intervals and closed spans; each of `later` ends the state before it. */
function foldStates(
  before: State,
  first: State,
  later: readonly State[],
): Pick<IdentityTimeline, "intervals" | "closed"> {
  const intervals: Interval[] = [];
  const closed: ClosedSpan[] = [];
  let previous = before;
  let state = first;
  for (const next of later) {
    if (state.open.length > 0) addOpen(intervals, previous, state, next);
    else addClosed(closed, { from: state.at, to: next.at, reason: causeOf(state, state.closed.map(nameOf)) });
    previous = state;
    state = next;
  }
  return { intervals, closed };
}

/** The union over bindings: one binding may take over from another without an edge. */
function addOpen(intervals: Interval[], previous: State, state: State, next: State): void {
  const last = intervals.at(-1);
  const endReason = edgeCause(next, state.open);
  if (last?.to === state.at) {
    const bindings = [...new Set([...last.bindings, ...state.open])];
    intervals.splice(-1, 1, { ...last, to: next.at, endReason, bindings });
    return;
  }
  const startReason = edgeCause(previous, state.open);
  intervals.push({ from: state.at, to: next.at, startReason, endReason, bindings: state.open });
}

function addClosed(closed: ClosedSpan[], span: ClosedSpan): void {
  const last = closed.at(-1);
  if (last?.to === span.from && isDeepStrictEqual(last.reason, span.reason)) {
    closed.splice(-1, 1, { ...last, to: span.to });
  } else closed.push(span);
}

/** Why `bindings` are closed in the state on the other side of an edge; null when that is open: no edge. */
function edgeCause(other: State, bindings: readonly string[]): Cause | null {
  return other.open.length > 0 ? null : causeOf(other, bindings);
}

function causeOf({ closed }: State, bindings: readonly string[]): Cause {
  const reasons = closed.filter(({ binding }) => bindings.includes(binding)).flatMap((own) => own.reasons);
  const distinct = reasons.filter(
    (reason, index) => reasons.findIndex((other) => isDeepStrictEqual(other, reason)) === index,
  );
  return { bindings, reasons: distinct };
}

const isOpen = ({ inForce }: Candidate): boolean => inForce;

const nameOf = ({ binding }: Candidate): string => binding;

function onlyOne(zones: readonly string[]): string | null {
  return zones.length === 1 ? (zones[0] ?? null) : null;
}
