// `make bench`: figures with the machine they were taken on. Compare ratios of one run, not runs.
import { shippedFiles } from "../src/cli/paths.ts";
import { renderTable } from "../src/cli/table.ts";

import { measureData } from "./data.ts";
import { measureDenials } from "./denials.ts";
import { measureDecisions } from "./decisions.ts";
import { machineLine } from "./machine.ts";
import { measureCachedTokens } from "./tokens.ts";
import { measureWakeUps } from "./wake-ups.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

print(`${machineLine()}\n`);

const decisions = await measureDecisions(shippedFiles.bundle);
print("CPU time of one assign decision; target = 15 µs + 8 µs per binding to look at");
print(
  renderTable(
    ["BY", "CANDIDATES", "IN NAMESPACE", "IN CLUSTER", "MICROSECONDS", "A SECOND", "RATIO TO TARGET"],
    decisions.map((row) => [
      row.by,
      String(row.candidates),
      String(row.inNamespace),
      String(row.inCluster),
      row.microseconds.toFixed(1),
      (1e6 / row.microseconds).toFixed(0),
      row.ratioToTarget.toFixed(2),
    ]),
  ),
);

const data = await measureData(shippedFiles.bundle);
print("\nCPU time of bringing the policy's data up to date; target = 2 ms for one changed binding");
print(
  renderTable(
    ["BINDINGS", "MEGABYTES", "ALL MS", "ONE CHANGED MS", "RATIO TO TARGET"],
    data.map((row) => [
      String(row.bindings),
      row.megabytes.toFixed(1),
      row.fullMs.toFixed(1),
      row.changeMs.toFixed(3),
      (row.changeMs / 2).toFixed(2),
    ]),
  ),
);

const wakeUps = await measureWakeUps(shippedFiles.bundle);
print("\nCPU time of one search for the next wake-up; target = 3 ms within 8 days");
print(
  renderTable(
    ["SEARCH", "PROBES", "QUESTIONS", "MS", "RATIO TO TARGET"],
    wakeUps.map((row) => [
      row.what,
      String(row.probes),
      String(row.questions),
      row.milliseconds.toFixed(2),
      (row.milliseconds / 3).toFixed(2),
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

const denials = await measureDenials();
print(
  "\ndeny of a looping policy: wall time with a deadline of 40 ms, and what the next pod waits; target = 60 ms",
);
print(
  renderTable(
    ["QUESTION", "ROUNDS", "REFUSED", "P50 MS", "P99 MS", "WORST MS"],
    denials.map((row) => [
      row.what,
      String(row.rounds),
      String(row.refused),
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.worstMs.toFixed(1),
    ]),
  ),
);
