import type { LoadRow } from "./cases.ts";

/** A row that is not as reference/reliability.md §5.2 and the issue of NMI ask for. */
interface Missed {
  readonly what: string;
  readonly target: string;
}

interface Target {
  /** How the names of its rows begin. */
  readonly of: string;
  readonly target: string;
  readonly isMet: (row: LoadRow) => boolean;
}

const within = (ms: number | null, mostMs: number): boolean => ms !== null && ms <= mostMs;
const onlyAnswer =
  (status: number) =>
  ({ due, statuses }: LoadRow): boolean =>
    statuses === `${due} × ${status}`;

/** These hold on any machine. */
const alwaysSo: readonly Target[] = [
  { of: "L1 ", target: "only 200", isMet: onlyAnswer(200) },
  { of: "L1b ", target: "only 400", isMet: onlyAnswer(400) },
  { of: "L2 ", target: "only 200", isMet: onlyAnswer(200) },
  { of: "L2 ", target: "8 calls upstream", isMet: ({ upstreamCalls }) => upstreamCalls === 8 },
];

/** These depend on what else the machine does. */
const inTime: readonly Target[] = [
  { of: "L1 cached, managed identity, 500", target: "p99 10 ms", isMet: ({ p99Ms }) => within(p99Ms, 10) },
  { of: "L1 cached, service principal, 500", target: "p99 10 ms", isMet: ({ p99Ms }) => within(p99Ms, 10) },
  { of: "L1 ", target: "150 MiB", isMet: ({ peakRssMiB }) => peakRssMiB <= 150 },
  { of: "L1b ", target: "p99 20 ms", isMet: ({ p99Ms }) => within(p99Ms, 20) },
  { of: "L2 ", target: "p99 2 s", isMet: ({ p99Ms }) => within(p99Ms, 2000) },
];

/** The rows that miss their targets; L4's are measured against its first, of the pods alone. */
export function missedTargets(rows: readonly LoadRow[]): {
  readonly wrong: readonly Missed[];
  readonly late: readonly Missed[];
} {
  const alone = rows.find(({ what }) => what.startsWith("L4 ") && what.endsWith("alone"))?.p99Ms ?? 0;
  const isolation: Target = {
    of: "L4 ",
    target: `p99 less than twice ${alone.toFixed(1)} ms`,
    isMet: ({ what, p99Ms }) => what.endsWith("alone") || within(p99Ms, 2 * alone),
  };
  return { wrong: missed(rows, alwaysSo), late: missed(rows, [...inTime, isolation]) };
}

function missed(rows: readonly LoadRow[], targets: readonly Target[]): readonly Missed[] {
  return targets.flatMap(({ of, target, isMet }) =>
    rows.filter((row) => row.what.startsWith(of) && !isMet(row)).map(({ what }) => ({ what, target })),
  );
}
