import type { EndpointOverrides } from "../../azure/cloud.ts";
import { type Compute, createCompute } from "../../azure/compute.ts";
import { immutableIdentities } from "../../azure/immutable-identities.ts";
import { countArmBudget, countArmOperations } from "./arm-metrics.ts";
import { type AzureAccess, openAzureAccess } from "./azure-access.ts";
import { demandLead } from "./leader-fence.ts";
import type { Daemon } from "./daemon.ts";
import { controllerFlags } from "./flags.ts";
import type { ParsedFlags } from "./go-flags.ts";

/** A configuration that turned bad does not stop the work: it is a note beside readiness. */
export async function openAccess(
  daemon: Daemon,
  flags: ParsedFlags,
  endpoints: EndpointOverrides,
): Promise<AzureAccess> {
  const { clock, environment, log, metrics, readiness } = daemon;
  const path = flags.get(controllerFlags.cloudconfig);
  const access = await openAzureAccess({ clock, log, metrics, path, environment, endpoints });
  daemon.onClose(() => access.close());
  readiness.note(() => access.lastFault());
  return access;
}

/** ARM, gentle and counted, by the flags and while we lead. */
export function openCompute(
  { clock, metrics, open }: Daemon,
  flags: ParsedFlags,
  access: AzureAccess,
  endpoints: EndpointOverrides,
): Compute {
  const { cloud, credential } = access;
  const immutable = flags.get(controllerFlags["immutable-user-msis"]).split(",");
  return createCompute({
    clock,
    cloud,
    credential,
    endpoints,
    onBudget: countArmBudget(metrics),
    onOperation: countArmOperations(metrics),
    isImmutable: immutableIdentities(() => [...immutable, ...access.clusterIdentities()]),
    mayWrite: () => open.isLeader(),
    beforeChange: () => demandLead(open),
  });
}
