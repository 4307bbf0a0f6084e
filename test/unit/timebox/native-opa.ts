import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { createTimeBuiltins } from "../../../src/timebox/builtins.ts";

/** The pinned OPA of this checkout, or the one that the environment names. */
export const opaPath: string =
  process.env["OPA"] ?? fileURLToPath(new URL("../../../.tools/bin/opa", import.meta.url));

/** Name of a built-in and its operands. */
export type Call = readonly [name: string, ...operands: readonly unknown[]];

const policyPath = fileURLToPath(new URL("native-opa.rego", import.meta.url));
const evaluate = ["eval", "--format=raw", "--stdin-input", "--data", policyPath];

/**
 * What OPA's own built-ins answer, in one run: JSON text of `[answer]`, or of `[]` for undefined. Text,
 * because numbers beyond 2⁵³ would lose digits. Bigints among the operands are passed exactly.
 */
export function askNativeOpa(calls: readonly Call[]): readonly string[] {
  const input = JSON.stringify(calls, (_, value: unknown) =>
    typeof value === "bigint" ? JSON.rawJSON(String(value)) : value,
  );
  const answer = execFileSync(opaPath, [...evaluate, "data.native.answers"], {
    input,
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" }, // Go looks abbreviations like IST up in the local zone
    maxBuffer: 2 ** 28,
  });
  return z.array(z.string()).parse(JSON.parse(answer));
}

/** The same for our built-ins, in the same form. */
export function askOurs(calls: readonly Call[]): readonly string[] {
  const builtins = createTimeBuiltins();
  return calls.map(([name, ...operands]) => {
    const answer = builtins[name]?.(...operands);
    return JSON.stringify(answer === undefined ? [] : [answer]);
  });
}
