/** One planted change: the whole changed file, and what a reader needs to judge it. */
export interface Mutant {
  /** Head of the rule that the change stands in. */
  readonly rule: string;
  readonly line: number;
  /** The line as it was and as it is, without indentation; `after` is empty where a rule is dropped. */
  readonly before: string;
  readonly after: string;
  readonly text: string;
}

/** Replacements inside code, tried at every place that fits; strings and comments are not code here. */
const operators: readonly (readonly [pattern: RegExp, change: (...found: readonly string[]) => string])[] = [
  [/ < /g, () => " <= "],
  [/ <= /g, () => " < "],
  [/ > /g, () => " >= "],
  [/ >= /g, () => " > "],
  [/ == /g, () => " != "],
  [/ != /g, () => " == "],
  [/\bnot /g, () => ""],
  [/ \+ /g, () => " - "],
  [/ - /g, () => " + "],
  [/ \* /g, () => " + "],
  [/ & /g, () => " | "],
  [/ \| (?!some\b)(?=\S)/g, () => " & "],
  [/\bmax\(/g, () => "min("],
  [/\bmin\(/g, () => "max("],
  [/\btrue\b/g, () => "false"],
  [/\bfalse\b/g, () => "true"],
  [/\b43200\b/g, () => "86400"], // half a day before midnight is the day before, a whole day may not be
  [/\b\d+\b/g, (number = "0") => String(BigInt(number) + 1n)],
  [/ if (?!\{$)\S.*$/g, () => " if true"],
  [/ if .+ \{$/g, (found = "") => found], // keeps the pattern above off the heads of `every` and the like
  [/; (?!some\b)(?![^;\]}]*:=)[^;\]}]+/g, () => ""],
];

/** Every mutant of a Rego file laid out by `opa fmt`. */
export function mutantsOf(text: string): readonly Mutant[] {
  const lines = text.split("\n");
  const found = lines.flatMap((line, index) => [
    ...changesOf(line).map((changed) => [index, index + 1, changed] as const),
    ...(isGuard(line) ? [[index, index + 1, line.replace(/\S.*/, "true")] as const] : []),
    ...(isOneOfMany(lines, line) ? [[index, endOfRule(lines, index), undefined] as const] : []),
  ]);
  const seen = new Set<string>();
  return found.flatMap(([from, to, changed]) => {
    const mutated = lines.toSpliced(from, to - from, ...(changed === undefined ? [] : [changed])).join("\n");
    if (mutated === text || seen.has(mutated)) return [];
    seen.add(mutated);
    const before = (lines[from] ?? "").trim();
    return [
      { rule: headOf(lines, from), line: from + 1, before, after: (changed ?? "").trim(), text: mutated },
    ];
  });
}

function changesOf(line: string): readonly string[] {
  const code = maskText(line);
  const inCode = operators.flatMap(([pattern, change]) =>
    code
      .matchAll(pattern)
      .map((match) => spliced(line, match.index, match[0].length, change(match[0])))
      .toArray(),
  );
  // The last one is enough: a reason, a problem's text, a member, what is compared with. Those that tell the rules of
  // one function apart are left to the mutant without the rule.
  const text = line.matchAll(textPattern).filter(isLiteral).toArray().at(-1);
  const isArgument = text !== undefined && isHead(line) && text.index < code.search(/ (:=|if|contains) /);
  if (text === undefined || isArgument) return inCode;
  const [literal] = text;
  return [...inCode, ...changedTexts(literal).map((to) => spliced(line, text.index, literal.length, to))];
}

function isLiteral([found]: RegExpExecArray): boolean {
  return !found.startsWith("#");
}

/** Strings, raw strings and comments. */
const textPattern = /"(?:[^"\\]|\\.)*"|`[^`]*`|#.*$/g;

/** The line with spaces in place of what is not code, so that positions stay. */
function maskText(line: string): string {
  return line.replaceAll(textPattern, (found) =>
    found.startsWith("#") ? " ".repeat(found.length) : `"${"_".repeat(found.length - 2)}"`,
  );
}

/** Another text; a pattern that lost an anchor. */
function changedTexts(literal: string): readonly string[] {
  if (literal.startsWith('"')) return [`${literal.slice(0, -1)}~"`];
  return [literal.replace("`^", "`"), literal.replace("$`", "`")];
}

function spliced(line: string, at: number, length: number, replacement: string): string {
  return line.slice(0, at) + replacement + line.slice(at + length);
}

/** A line of a rule's body that can be true without it: neither a declaration nor a part of something longer. */
function isGuard(line: string): boolean {
  const code = maskText(line).trimEnd();
  return /^\t+(?!some |\}|\]|\))\S/.test(code) && !/:=|[{[(,|]$/.test(code);
}

/** A rule that others of its name complete; without a rule of its own name a policy hardly ever compiles. */
function isOneOfMany(lines: readonly string[], line: string): boolean {
  return isHead(line) && lines.filter((other) => isHead(other) && nameOf(other) === nameOf(line)).length > 1;
}

function nameOf(head: string): string | undefined {
  return /^(?:default )?(\w+)/.exec(head)?.[1];
}

function isHead(line: string): boolean {
  return /^[a-z_]/.test(line) && !/^(package|import)\b/.test(line);
}

/** The line after the rule's last one: `opa fmt` puts an empty line there. */
function endOfRule(lines: readonly string[], head: number): number {
  if (!/[{[(]$/.test(lines[head] ?? "")) return head + 1;
  const last = lines.findIndex(
    (line, index) => index > head && /^[}\])](?! else).*[^{]$|^[}\])]+$/.test(line),
  );
  return (last === -1 ? lines.length : last) + 1;
}

function headOf(lines: readonly string[], index: number): string {
  return lines.slice(0, index + 1).findLast(isHead) ?? "";
}
