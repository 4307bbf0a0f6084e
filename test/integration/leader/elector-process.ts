// One replica: takes part in an election until SIGTERM, and says on standard output what happens to it.
import { createApiClient } from "../../../src/kubernetes/api-client.ts";
import { connectByKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import { createLeaseElector } from "../../../src/kubernetes/lease-elector.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";

const [path = "", namespace = "", name = "", identity = "", leaseSeconds = ""] = process.argv.slice(2);
const say = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const clock = createSystemClock();
const connection = await connectByKubeconfig({ clock, path });
const api = createApiClient({ connection, clock, userAgent: "podid/test", rate: null });
const elector = createLeaseElector({
  api,
  clock,
  log: createSilentLog(),
  random: Math.random,
  namespace,
  name,
  identity,
  leaseSeconds: Number(leaseSeconds),
});
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
say({ what: "started" });
const end = await elector.run(stopping.signal, async (leading, epoch) => {
  say({ what: "leads", epoch, isLeader: elector.isLeader() });
  const told = Promise.withResolvers<undefined>();
  leading.addEventListener("abort", () => told.resolve(undefined), { once: true });
  await told.promise;
  say({ what: "told", isLeader: elector.isLeader() });
});
say({ what: "ended", end, isLeader: elector.isLeader() });
await api.close();
