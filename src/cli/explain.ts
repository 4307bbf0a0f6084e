import { stringify } from "yaml";

import { assignInput } from "../engine/questions.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import { createSystemClock } from "../runtime/clock.ts";
import { CommandError } from "./errors.ts";
import { explainPod, type Explanation } from "./explanation.ts";
import { renderExplanation } from "./explanation-text.ts";
import { readInstant } from "./instant-flag.ts";
import { nameOfPlace, withSource, type Place } from "./judged-source.ts";

export interface ExplainRequest extends Place {
  readonly pod: string;
  /** Policy bundle; empty: the one that ships. */
  readonly policy: string;
  readonly at: string;
  readonly resource: string;
  readonly clientID: string | undefined;
  readonly output: string;
}

const mostNamed = 10;

/** What a daemon gives to custom rules for one answer. */
const daemonDeadlineMs = 40;

/**
 * `podid explain pod`: answers the text to print; `warn` gets remarks, line by line.
 * @throws CommandError 2 for wrong use and for manifests with problems, one line each.
 */
export async function explain(request: ExplainRequest, warn: (text: string) => void): Promise<string> {
  const clock = createSystemClock();
  const render = rendererFor(request.output);
  const at = readInstant("--at", request.at, clock);
  return withSource(request, clock, ({ source, decider, policy, faultText }) => {
    const pod = source.get("Pod", request.pod);
    if (pod === undefined) throw unknownPod(request, source);
    const { resource, clientID } = request;
    const known = clientID === undefined ? {} : { clientID };
    const explanation = explainPod(decider, source, pod, { at, resource, ...known, policy, faultText });
    if (explanation.customRules !== null) {
      // Once more: the first answers include what it takes to get going, which daemons have behind them.
      const startedMs = clock.monotonicMs();
      decider.decide("assign", assignInput(pod, at, [], false));
      const tookMs = Math.ceil(clock.monotonicMs() - startedMs);
      if (tookMs > daemonDeadlineMs) warn(slowRemark(tookMs));
    }
    return render(explanation);
  });
}

function slowRemark(tookMs: number): string {
  return `podid: an answer took ${tookMs} ms here; daemons refuse after ${daemonDeadlineMs} ms where custom rules take part`;
}

function unknownPod(request: ExplainRequest, source: ResourceSource): CommandError {
  const known = source.list("Pod").map(({ namespace, name }) => `${namespace}/${name}`);
  const more = known.length > mostNamed ? ` and ${known.length - mostNamed} more` : "";
  const hint =
    known.length === 0 ? "there are no pods in it" : `it has ${known.slice(0, mostNamed).join(", ")}${more}`;
  return new CommandError(2, `no pod ${request.pod} in ${nameOfPlace(request)}: ${hint}`);
}

function rendererFor(output: string): (explanation: Explanation) => string {
  if (output === "json") return (explanation) => JSON.stringify(explanation, null, 2);
  if (output === "yaml") return (explanation) => stringify(explanation).trimEnd();
  if (output === "table") return renderExplanation;
  throw new CommandError(2, `-o ${output}: use table, json or yaml`);
}
