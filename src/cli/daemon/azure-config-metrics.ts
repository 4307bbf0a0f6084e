import type { Metrics } from "../../runtime/metrics.ts";

type LoadResult = "loaded" | "refused";

/** Declares how reloads of the cloud configuration went; answers what is to be told of each. */
export function countConfigLoads(metrics: Metrics): (result: LoadResult) => void {
  const loads = metrics.counter({
    name: "podid_cloud_config_loads_total",
    help: "Cloud configurations that were tried after the start, by result.",
    labels: ["result"],
  });
  const stale = metrics.gauge({
    name: "podid_cloud_config_stale",
    help: "1 while the last good cloud configuration serves because the files on disk are not usable.",
    labels: [],
  });
  for (const result of ["loaded", "refused"]) loads({ result }, 0);
  stale({}, 0);
  return (result) => {
    loads({ result }, 1);
    stale({}, result === "refused" ? 1 : 0);
  };
}
