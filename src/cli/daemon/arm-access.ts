import type { EndpointOverrides } from "../../azure/cloud.ts";
import type { Compute as LoadedCompute } from "../../azure/compute.ts";
import { immutableIdentities } from "../../azure/immutable-identities.ts";
import type { Compute } from "../../controller/ports.ts";
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

/** By then a controller has read its cluster, and nobody has asked ARM. */
const loadAfterMs = 5_000;

/**
 * ARM, gentle and counted, by the flags and while we lead. Its SDK takes a third of a second to load, in which a
 * controller that starts anew has better things to do: it is loaded with the first call, or a while later.
 */
export function openCompute(
  daemon: Daemon,
  flags: ParsedFlags,
  access: AzureAccess,
  endpoints: EndpointOverrides,
): Compute {
  const { clock, metrics, open } = daemon;
  const { cloud, credential } = access;
  const immutable = flags.get(controllerFlags["immutable-user-msis"]).split(",");
  const options = {
    clock,
    cloud,
    credential,
    endpoints,
    onBudget: countArmBudget(metrics),
    onOperation: countArmOperations(metrics),
    isImmutable: immutableIdentities(() => [...immutable, ...access.clusterIdentities()]),
    mayWrite: () => open.isLeader(),
    beforeChange: () => demandLead(open),
  };
  let loading: Promise<LoadedCompute> | undefined;
  const load = async (): Promise<LoadedCompute> =>
    (await import("../../azure/compute.ts")).createCompute(options);
  const loaded = (): Promise<LoadedCompute> => (loading ??= load());
  // Who asks for ARM hears of what fails here.
  const loadAhead = (): void => void loaded().catch(() => undefined);
  daemon.onClose(clock.after(loadAfterMs, loadAhead));
  return {
    getIdentities: async (target, signal) => (await loaded()).getIdentities(target, signal),
    changeIdentities: async (target, change, signal) =>
      (await loaded()).changeIdentities(target, change, signal),
  };
}
