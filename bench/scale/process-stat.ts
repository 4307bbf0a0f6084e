import { readFileSync } from "node:fs";

/** What a process has used so far, as Linux counts it. */
export interface ProcessUse {
  /** User and system. */
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
}

/** `USER_HZ`, 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Reads /proc. @throws when there is no such process. */
export function useOf(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name stands in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return {
    cpuMs: (ticks * 1000) / ticksPerSecond,
    rssMiB: mebibytes("VmRSS"),
    peakRssMiB: mebibytes("VmHWM"),
  };
}
