// `npm run bench:load`: the built `podid nmi` under load (reference/reliability.md L1, L1b, L2, L4), about three
// minutes. Argument: seconds of each case (10 unless said otherwise). Meant for a machine that does nothing else.
import { loadavg } from "node:os";

import { renderTable } from "../../src/cli/table.ts";
import { machineLine } from "../machine.ts";
import { measureWaiting } from "./waiting.ts";
import { measureCached, measureCold, measureIsolation, measureProbes } from "./cases.ts";
import { missedTargets } from "./targets.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const inMs = (ms: number | null): string => (ms === null ? "" : ms.toFixed(1));
const [secondsText = "10"] = process.argv.slice(2);
const seconds = Number(secondsText);

print(machineLine());
print(
  `load      ${loadavg()
    .map((load) => load.toFixed(2))
    .join(" ")} before the first case\n`,
);

const rows = [
  ...(await measureCached(seconds)),
  ...(await measureProbes(seconds)),
  ...(await measureCold()),
  ...(await measureIsolation(2 * seconds)),
];
print(
  renderTable(
    [
      "CASE",
      "DUE",
      "NOT SENT",
      "P50 MS",
      "P99 MS",
      "WORST MS",
      "P99 SENT",
      "CORES",
      "PEAK RSS MIB",
      "UPSTREAM",
      "LAG MS",
      "ANSWERS",
    ],
    rows.map((row) => [
      row.what,
      String(row.due),
      String(row.notSent),
      inMs(row.p50Ms),
      inMs(row.p99Ms),
      inMs(row.worstMs),
      inMs(row.p99SentMs),
      row.cpuShare === null ? "" : row.cpuShare.toFixed(2),
      row.peakRssMiB.toFixed(0),
      String(row.upstreamCalls),
      row.generatorLagMs.toFixed(1),
      row.statuses,
    ]),
  ),
);
print(
  "\ntargets: L1 p99 10 ms, 150 MiB, only 200; L1b p99 20 ms, only 400; L2 8 upstream calls, p99 2 s; L4 p99 beside < 2 × alone",
);

const missed = missedTargets(rows);
for (const { what, target } of missed.late)
  print(`missed here, on a machine that may have had other work: ${what}: ${target}`);
for (const { what, target } of missed.wrong) print(`WRONG, whatever the machine: ${what}: ${target}`);
if (missed.wrong.length > 0) process.exitCode = 1;

const waiting = await measureWaiting();
print(
  "\nfrom the change in the store to the answer, client in the same process; target 5 ms for one, 1 s for all (L12)",
);
print(
  renderTable(
    ["WHO WAITS", "P50 MS", "WORST MS"],
    waiting.map(({ what, p50Ms, worstMs }) => [what, p50Ms.toFixed(1), worstMs.toFixed(1)]),
  ),
);
