import { parseGoDuration } from "../../timebox/go-duration.ts";
import { CommandError } from "../errors.ts";

/**
 * Command-line flags as Go's `flag` package reads them, because that is what deployments of aad-pod-identity
 * hold: `-x` and `--x` are the same, a value follows after `=` or as the next argument, and a boolean takes a
 * value only after `=` (reference/aad-pod-identity.md §6).
 */
export interface Flag<T> {
  readonly initial: T;
  /** The same as it would be given; empty when there is nothing to show. */
  readonly initialText: string;
  readonly isSwitch: boolean;
  /** Undefined when the text is none of its values. */
  readonly read: (text: string) => T | undefined;
  /** What a value looks like, for messages: "true or false". */
  readonly form: string;
  readonly help: string;
  /** Why it is accepted and does nothing; null for a flag that works. */
  readonly withoutEffect: string | null;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

export interface ParsedFlags {
  /** The value of one of the table's flags: as given, else its initial one. */
  get<T>(flag: Flag<T>): T;
  /** Whether it was given at all. */
  has(flag: Flag<unknown>): boolean;
  /** One line for each flag that was given and does nothing. */
  readonly warnings: readonly string[];
}

/** Any text. */
export function text(initial: string, help: string): Flag<string> {
  return flag(initial, "text", help, (given) => given);
}

/** Text that may stand in an HTTP header. */
export function printable(initial: string, help: string): Flag<string> {
  return flag(initial, "printable ASCII text", help, (given) =>
    /^[\x20-\x7e]{0,200}$/.test(given) ? given.trim() : undefined,
  );
}

/** true or false, in the spellings of Go's strconv.ParseBool. */
export function toggle(initial: boolean, help: string): Flag<boolean> {
  return { ...flag(initial, "true or false", help, readBoolean), isSwitch: true };
}

/** A whole number, not negative. */
export function count(initial: number, help: string): Flag<number> {
  return flag(initial, "a whole number", help, (given) =>
    /^\d{1,9}$/.test(given) ? Number(given) : undefined,
  );
}

/** A number above zero. */
export function rate(initial: number, help: string): Flag<number> {
  return flag(initial, "a number above zero", help, (given) =>
    /^\d{1,9}(?:\.\d{1,9})?$/.test(given) && Number(given) > 0 ? Number(given) : undefined,
  );
}

/** A TCP port; 0 lets the system choose. */
export function port(initial: number, help: string): Flag<number> {
  return flag(initial, "a port", help, (given) =>
    /^\d{1,5}$/.test(given) && Number(given) < 65_536 ? Number(given) : undefined,
  );
}

/** A span such as 15s or 1h30m, in milliseconds. */
export function span(initialMs: number, help: string): Flag<number> {
  const known = flag(initialMs, "a duration such as 15s", help, readSpan);
  return { ...known, initialText: spanText(initialMs) };
}

/** A span of `leastMs` or more, or 0, in milliseconds: what is done each time costs too much to be done without a pause. */
export function spanOrNever(initialMs: number, leastMs: number, help: string): Flag<number> {
  const form = `0 for never, or a duration of ${spanText(leastMs)} at least`;
  const known = flag(initialMs, form, help, (given) => {
    const ms = readSpan(given);
    return ms === undefined || (ms > 0 && ms < leastMs) ? undefined : ms;
  });
  return { ...known, initialText: spanText(initialMs) };
}

function readSpan(given: string): number | undefined {
  const nanoseconds = parseGoDuration(given);
  return nanoseconds === undefined || nanoseconds < 0n ? undefined : Number(nanoseconds) / 1e6;
}

/** In the largest unit that needs no fraction. */
function spanText(ms: number): string {
  const units = [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  const [unit, unitMs] = units.find(([, one]) => ms > 0 && ms % one === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** One of a few words, in any letter case. */
export function oneOf<T extends string>(initial: T, words: readonly T[], help: string): Flag<T> {
  return flag(initial, words.join(" or "), help, (given) =>
    words.find((word) => word === given.toLowerCase()),
  );
}

/** Some of a few words, separated by commas. */
export function someOf<T extends string>(
  initial: readonly T[],
  words: readonly T[],
  help: string,
): Flag<readonly T[]> {
  return flag(initial, `${words.join(", ")}, separated by commas`, help, (given) => {
    const parts = given.split(",").filter((part) => part !== "");
    const known = words.filter((word) => parts.includes(word));
    return known.length === parts.length ? known : undefined;
  });
}

/** The same flag, accepted and without effect for this reason. */
export function withoutEffect<T>(known: Flag<T>, why: string): Flag<T> {
  return { ...known, withoutEffect: why };
}

function readBoolean(given: string): boolean | undefined {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(given)) return true;
  return /^(?:0|f|F|false|FALSE|False)$/.test(given) ? false : undefined;
}

function flag<T>(initial: T, form: string, help: string, read: (given: string) => T | undefined): Flag<T> {
  return { initial, initialText: String(initial), isSwitch: false, read, form, help, withoutEffect: null };
}

/**
 * Reads `args` by `table`; of a flag given twice the last one counts.
 * @throws CommandError 2 for an argument that is no flag of the table, or a value that the flag cannot have.
 */
export function parseFlags(command: string, table: FlagTable, args: readonly string[]): ParsedFlags {
  // Text, read again by `get`: so each value has its own flag's type.
  const given = new Map<Flag<unknown>, string>();
  const warnings: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const { name, value } = splitArgument(command, arg);
    const known = Object.hasOwn(table, name) ? table[name] : undefined;
    if (known === undefined) throw refuse(command, `there is no flag --${name}`);
    const written = value ?? (known.isSwitch ? "true" : rest.shift());
    if (written === undefined) throw refuse(command, `--${name} needs a value: ${known.form}`);
    if (known.read(written) === undefined) {
      throw refuse(command, `--${name} ${JSON.stringify(written)}: write ${known.form}`);
    }
    given.set(known, written);
    if (known.withoutEffect !== null) {
      warnings.push(
        `flag --${name} is accepted for aad-pod-identity and does nothing: ${known.withoutEffect}`,
      );
    }
  }
  const get = <T>(wanted: Flag<T>): T => {
    const written = given.get(wanted);
    return (written === undefined ? undefined : wanted.read(written)) ?? wanted.initial;
  };
  return { get, has: (wanted) => given.has(wanted), warnings };
}

function splitArgument(command: string, arg: string): { readonly name: string; readonly value?: string } {
  const parts = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
  if (parts === null) throw refuse(command, `${JSON.stringify(arg)} is no flag`);
  const [, name = "", value] = parts;
  return value === undefined ? { name } : { name, value };
}

function refuse(command: string, problem: string): CommandError {
  return new CommandError(2, `podid ${command}: ${problem}; see podid ${command} --help`);
}

/** The table as text: what works first, then what is accepted without effect. */
export function renderFlags(table: FlagTable): string {
  const entries = Object.entries(table);
  const working = entries.filter(([, { withoutEffect: why }]) => why === null);
  const idle = entries.filter(([, { withoutEffect: why }]) => why !== null);
  const idleLines = idle.map(([name, { withoutEffect: why }]) => `  --${name}: ${why ?? ""}`);
  return [
    ...working.map(renderFlag),
    "",
    "Accepted for aad-pod-identity, without effect here:",
    ...idleLines,
  ].join("\n");
}

function renderFlag([name, { help, initialText, isSwitch }]: readonly [string, Flag<unknown>]): string {
  const shown = initialText === "" ? "" : ` (default ${initialText})`;
  return `  --${name}${isSwitch ? "" : " <value>"}\n      ${help}${shown}`;
}
