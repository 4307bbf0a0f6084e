import type { Explanation } from "./explanation.ts";
import { renderTable } from "./table.ts";

/** The explanation for people: the chain from pod to token, and what to do. */
export function renderExplanation(explanation: Explanation): string {
  const { pod, at, policy, exempt, policyFault, customRules, token, fix } = explanation;
  const revision = `${policy.revision === "" ? "unnamed" : policy.revision} (${policy.digest.slice(0, 19)})`;
  const head = [`pod      ${pod}`, `at       ${at}`, `policy   revision ${revision}`];
  if (exempt) head.push("exempt   yes: the platform's metadata service answers this pod");
  if (customRules !== null) head.push(`custom   ${customText(customRules)}`);
  const lines = [...head, "", identitiesText(explanation), ""];
  const reasons = token.reasons.map(({ code, text }) => `\n         ${code}: ${text}`).join("");
  lines.push(`token    ${token.status} ${token.outcome}${reasons}`);
  if (policyFault !== null) lines.push(`fault    ${policyFault}`);
  if (fix !== null) lines.push(`fix      ${fix}`);
  return lines.join("\n");
}

function identitiesText({ identities, policyFault, customRules }: Explanation): string {
  if (identities.length > 0) return bindingsTable(identities, customRules !== null);
  if (policyFault === null) return "No binding selects this pod.";
  return "The policy gave no usable answer: which bindings select this pod is not known.";
}

function customText({ askAgainAt, because }: NonNullable<Explanation["customRules"]>): string {
  const when = {
    declared: `they declare ${askAgainAt}, and are asked again then`,
    recheckAfter: `they are asked again when they say, at ${askAgainAt}`,
    unknown: "when is unknown, they are asked again every 60 s",
  };
  return `rules take part, which may change the answer at any time; ${when[because]}`;
}

function bindingsTable(identities: Explanation["identities"], mayChangeBefore: boolean): string {
  return renderTable(
    ["IDENTITY", "BINDING", "WEIGHT", "IN FORCE", "DEFAULT", "NEXT", "ASSIGNMENT", "REASONS"],
    identities.map((entry) => [
      entry.identity,
      entry.binding,
      String(entry.weight),
      entry.inForce ? "yes" : "no",
      entry.default ? "yes" : "",
      nextText(entry, mayChangeBefore),
      entry.assignment,
      entry.reasons.map(({ code }) => code).join(", "),
    ]),
  );
}

function nextText(
  { nextTransition, nextState }: Explanation["identities"][number],
  mayChangeBefore: boolean,
): string {
  if (nextTransition === null) return mayChangeBefore ? "unknown" : "-";
  return `${nextState} ${nextTransition}${mayChangeBefore ? " or before" : ""}`;
}
