import { keyOf } from "../engine/cluster-document.ts";
import type { Pod } from "../engine/resources.ts";
import { createSystemClock, type Clock } from "../runtime/clock.ts";
import { formatInstant, instantFromSeconds, latestSeconds, toSeconds } from "../timebox/instant.ts";
import { CommandError } from "./errors.ts";
import { readInstant } from "./instant-flag.ts";
import { withSource, type JudgedSource, type Place } from "./judged-source.ts";
import { renderSimulationJson } from "./simulate-json.ts";
import { createProgress, type Progress } from "./simulate-progress.ts";
import type { Sampling } from "./simulate-samples.ts";
import { renderSimulationSvg } from "./simulate-svg.ts";
import { renderSimulationTable } from "./simulate-table.ts";
import { simulatePod, type PodTimeline, type Simulation, type TimeRange } from "./simulate-timeline.ts";

export interface SimulateRequest extends Place {
  /** Policy bundle; empty: the one that ships. */
  readonly policy: string;
  readonly from: string;
  /** Undefined: a week after `from`. */
  readonly to: string | undefined;
  readonly output: string;
}

const secondsPerDay = 86_400;
const usualDays = 7;
const longestDays = 400;

/**
 * `podid simulate`: answers the text to print; `write` gets remarks for whoever waits, line by line.
 * @throws CommandError 2 for wrong use and for manifests with problems, one line each; 1 when the policy
 * gives no usable answer; an AbortError when `signal` aborts.
 */
export async function simulate(
  request: SimulateRequest,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<string> {
  const clock = createSystemClock();
  const render = rendererFor(request.output);
  const range = rangeOf(request, clock);
  return withSource(request, clock, async (judged) => {
    const { revision, digest } = judged.policy;
    const pods = await simulatePods(judged, range, { signal, write, progress: createProgress(clock, write) });
    return render({ ...range, policy: { revision, digest }, pods });
  });
}

async function simulatePods(
  { source, decider, faultText }: JudgedSource,
  range: TimeRange,
  {
    signal,
    write,
    progress,
  }: {
    readonly signal: AbortSignal;
    readonly write: (text: string) => void;
    readonly progress: Progress;
  },
): Promise<readonly PodTimeline[]> {
  const pods = source.list("Pod").toSorted(byKey);
  const timelines: PodTimeline[] = [];
  let lies = 0;
  for (const [index, pod] of pods.entries()) {
    const place = { number: index + 1, count: pods.length };
    const sampling: Sampling = {
      decider,
      pod,
      signal,
      faultText,
      onQuestion: (at) => progress.asking(keyOf(pod), at, place),
      onHintMismatch: () => void (lies += 1),
    };
    // oxlint-disable-next-line no-await-in-loop -- one thread answers all
    timelines.push(await simulatePod(sampling, source, range));
  }
  if (lies > 0) {
    write(
      `podid: ${lies} declared boundaries of custom rules were ignored: none of the pod's bindings opens or closes there`,
    );
  }
  return timelines;
}

function byKey(a: Pod, b: Pod): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function rangeOf(request: SimulateRequest, clock: Clock): TimeRange {
  const from = readInstant("--from", request.from, clock);
  const week = Math.min(toSeconds(from) + usualDays * secondsPerDay, latestSeconds);
  const to = request.to === undefined ? instantFromSeconds(week) : readInstant("--to", request.to, clock);
  if (from >= to) {
    throw new CommandError(
      2,
      `--from ${formatInstant(from)} is not before --to ${formatInstant(to)}: give an earlier --from`,
    );
  }
  const latest = toSeconds(from) + longestDays * secondsPerDay;
  if (toSeconds(to) > latest) {
    throw new CommandError(
      2,
      `--to ${formatInstant(to)}: simulate looks at ${longestDays} days at most; ` +
        `from ${formatInstant(from)} that is up to ${formatInstant(instantFromSeconds(latest))}`,
    );
  }
  return { from, to };
}

function rendererFor(output: string): (simulation: Simulation) => string {
  if (output === "table") return renderSimulationTable;
  if (output === "json") return renderSimulationJson;
  if (output === "svg") return renderSimulationSvg;
  throw new CommandError(2, `-o ${output}: use table, json or svg`);
}
