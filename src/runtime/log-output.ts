import { pino, type DestinationStream } from "pino";

import type { Clock } from "./clock.ts";

/** Where log lines go, some at a time. */
export interface LogOutput extends DestinationStream {
  /** Writes what has been gathered; returns when the kernel has it. */
  flush(): void;
}

/** A system call for each line is a tenth of what an answered request costs. What dies by SIGKILL loses so much at most. */
const gatherMs = 5;
const mostGathered = 64 * 1024;

/**
 * Gathers lines and writes them together, in their order, to `destination`: by default standard output, which blocks
 * until somebody reads.
 */
export function createLogOutput(
  clock: Clock,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): LogOutput {
  let gathered = "";
  let cancel: (() => void) | null = null;
  const flush = (): void => {
    cancel?.();
    cancel = null;
    if (gathered === "") return;
    const lines = gathered;
    gathered = "";
    destination.write(lines);
  };
  return {
    write: (line) => {
      gathered += line;
      if (gathered.length >= mostGathered) flush();
      else cancel ??= clock.after(gatherMs, flush);
    },
    flush,
  };
}
