// `npm run bench:scale`: a controller under load, on a real API server with an Azure that is done at once.
// Arguments: numbers of pods (1000 and 5000 unless said otherwise).
import { renderTable } from "../../src/cli/table.ts";
import { measureAssigning, type Placement } from "./assign.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const [placementArgument = "random", ...counts] = process.argv.slice(2);
const placement: Placement = placementArgument === "even" ? "even" : "random";

for (const pods of counts.length === 0 ? [1000, 5000] : counts.map(Number)) {
  const { row, coldStart, bareSeconds } = await measureAssigning(pods, placement);
  print(
    renderTable(
      ["PODS", "PLACED", "S", "CPU S", "SERVER CPU S", "PATCHES", "WRITES/POD", "IDLE MS/S", "RSS MIB"],
      [
        [
          String(row.pods),
          row.placement,
          row.seconds.toFixed(1),
          (row.controllerCpuMs / 1000).toFixed(1),
          (row.serverCpuMs / 1000).toFixed(1),
          String(row.patches),
          row.writesPerPod.toFixed(2),
          row.idleCpuMsPerSecond.toFixed(0),
          row.peakRssMiB.toFixed(0),
        ],
      ],
    ),
  );
  print(`writes: ${[...row.writes].map(([name, count]) => `${count} ${name}`).join(", ")}`);
  print(`as many objects from a client that does nothing else: ${bareSeconds.toFixed(1)} s`);
  print(
    renderTable(
      ["COLD START OVER", "NEW POD S", "IDLE AFTER S", "CPU S", "RSS MIB"],
      [
        [
          String(coldStart.assigned),
          coldStart.seconds.toFixed(1),
          coldStart.idleAfterSeconds.toFixed(1),
          (coldStart.cpuMsUntilIdle / 1000).toFixed(1),
          coldStart.peakRssMiB.toFixed(0),
        ],
      ],
    ),
  );
}
