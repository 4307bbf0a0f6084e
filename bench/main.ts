// `make bench`: figures with the machine they were taken on. Compare ratios of one run, not runs.
import { cpus, totalmem } from "node:os";

import { shippedFiles } from "../src/cli/paths.ts";
import { renderTable } from "../src/cli/table.ts";

import { measureDecisions } from "./decisions.ts";
import { measureCachedTokens } from "./tokens.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

print(
  `machine   ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Node ${process.versions.node}, tz ${process.versions["tz"] ?? "unknown"}\n`,
);

const decisions = await measureDecisions(shippedFiles.bundle);
print("CPU time of one assign decision; spike = 12 µs + 7.5 µs per windowed candidate");
print(
  renderTable(
    ["CANDIDATES", "BINDINGS IN CLUSTER", "MICROSECONDS", "RATIO TO SPIKE"],
    decisions.map((row) => [
      String(row.candidates),
      String(row.clusterBindings),
      row.microseconds.toFixed(1),
      row.ratioToSpike.toFixed(2),
    ]),
  ),
);

const tokens = await measureCachedTokens();
print("\ncached token request through NMI, a time box judged before and after");
print(
  renderTable(
    ["REQUESTS", "P50 MS", "P99 MS", "CPU MS (CLIENT INCLUDED)"],
    [
      [
        String(tokens.requests),
        tokens.p50Ms.toFixed(2),
        tokens.p99Ms.toFixed(2),
        tokens.cpuMsPerRequest.toFixed(2),
      ],
    ],
  ),
);
