import type { Metrics } from "../runtime/metrics.ts";
import { createReflectorCounts, relistReasons, type ReflectorStats } from "./reflector-stats.ts";

/** What a source tells Prometheus of one kind. */
export interface KindHealth {
  readonly ageSeconds: number;
  readonly objects: number;
  readonly stats: ReflectorStats;
}

/** Answers the function that takes note of how a kind stands now. */
export function createSourceMetrics(metrics: Metrics): (kind: string, health: KindHealth) => void {
  const age = metrics.gauge({
    name: "podid_cache_age_seconds",
    help: "Seconds since the cache of a kind was last known to be as the API server has it",
    labels: ["kind"],
  });
  const objects = metrics.gauge({
    name: "podid_cache_objects",
    help: "Objects in the cache of a kind",
    labels: ["kind"],
  });
  const relists = metrics.counter({
    name: "podid_watch_relists_total",
    help: "Times that a kind was read anew as a whole, by reason",
    labels: ["kind", "reason"],
  });
  const restarts = metrics.counter({
    name: "podid_watch_restarts_total",
    help: "Watches that ended and were opened again from where they were",
    labels: ["kind"],
  });
  const drift = metrics.counter({
    name: "podid_cache_drift_total",
    help: "Objects in which a cache differed from the API server without cause; must stay 0",
    labels: ["kind"],
  });
  const told = new Map<string, ReflectorStats>();
  return (kind, health) => {
    const { stats, ageSeconds } = health;
    const before = told.get(kind) ?? createReflectorCounts();
    told.set(kind, stats);
    age({ kind }, ageSeconds);
    objects({ kind }, health.objects);
    for (const reason of relistReasons) {
      relists({ kind, reason }, stats.relists[reason] - before.relists[reason]);
    }
    restarts({ kind }, stats.restarts - before.restarts);
    drift({ kind }, stats.drift - before.drift);
  };
}
