import { promises as fs } from "node:fs";

import type { Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";

/** The kubelet swaps projected tokens well before they expire; client-go looks each minute as well. */
const freshForMs = 60_000;

/** A file that others replace from time to time. */
export interface FreshFile {
  /**
   * Its text, trimmed, read at most a minute ago; with `renew` read now. What was read before stands in
   * for a file that is away for a moment.
   * @throws KubernetesError `ConfigUnusable` when it was never read, or is empty.
   */
  read(renew?: boolean): Promise<string>;
}

/** Describes the file; it is read with the first `read`. */
export function createFreshFile(clock: Clock, path: string): FreshFile {
  let held: { readonly text: string; readonly readAtMs: number } | undefined;
  return {
    read: async (renew = false) => {
      const nowMs = clock.monotonicMs();
      if (!renew && held !== undefined && nowMs - held.readAtMs <= freshForMs) return held.text;
      try {
        const text = (await fs.readFile(path, "utf8")).trim();
        if (text === "") throw new Error("it is empty");
        held = { text, readAtMs: nowMs };
      } catch (thrown) {
        if (held !== undefined) return held.text;
        const { message } = toError(thrown);
        throw new KubernetesError("ConfigUnusable", `${path} cannot be read: ${message}`, { cause: thrown });
      }
      return held.text;
    },
  };
}
