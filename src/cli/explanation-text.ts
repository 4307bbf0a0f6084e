import type { Explanation } from "./explanation.ts";
import { renderTable } from "./table.ts";

/** The explanation for people: the chain from pod to token, and what to do. */
export function renderExplanation(explanation: Explanation): string {
  const { pod, at, policy, exempt, identities, token, fix } = explanation;
  const revision = `${policy.revision === "" ? "unnamed" : policy.revision} (${policy.digest.slice(0, 19)})`;
  const head = [`pod      ${pod}`, `at       ${at}`, `policy   revision ${revision}`];
  if (exempt) head.push("exempt   yes: the platform's metadata service answers this pod");
  const lines = [
    ...head,
    "",
    identities.length === 0 ? "No binding selects this pod." : bindingsTable(identities),
    "",
  ];
  const reasons = token.reasons.map(({ code, text }) => `\n         ${code}: ${text}`).join("");
  lines.push(`token    ${token.status} ${token.outcome}${reasons}`);
  if (fix !== null) lines.push(`fix      ${fix}`);
  return lines.join("\n");
}

function bindingsTable(identities: Explanation["identities"]): string {
  return renderTable(
    ["IDENTITY", "BINDING", "WEIGHT", "IN FORCE", "DEFAULT", "NEXT", "ASSIGNMENT", "REASONS"],
    identities.map((entry) => [
      entry.identity,
      entry.binding,
      String(entry.weight),
      entry.inForce ? "yes" : "no",
      entry.default ? "yes" : "",
      entry.nextTransition === null ? "-" : `${entry.nextState} ${entry.nextTransition}`,
      entry.assignment,
      entry.reasons.map(({ code }) => code).join(", "),
    ]),
  );
}
