import type { Metrics } from "../../runtime/metrics.ts";
import type { Installation } from "./ports.ts";

export interface RulesMetrics {
  onLooked(isInPlace: boolean): void;
  onInstalled(installation: Installation): void;
}

/** Registers what is counted of the node's rules. */
export function createRulesMetrics(metrics: Metrics): RulesMetrics {
  const inPlace = metrics.gauge({
    name: "podid_nmi_rules_in_place",
    help: "1 when the last look found the node's rules in place, else 0.",
    labels: [],
  });
  const installed = metrics.counter({
    name: "podid_nmi_rules_installed_total",
    help: "Times that the node's rules were installed, by what with and why: at the start, since they were altered, or since nft works now.",
    labels: ["backend", "cause"],
  });
  return {
    onLooked: (isInPlace) => inPlace({}, isInPlace ? 1 : 0),
    onInstalled: ({ backend, cause }) => installed({ backend, cause }, 1),
  };
}
