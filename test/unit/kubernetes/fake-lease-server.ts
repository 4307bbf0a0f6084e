import { z } from "zod";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { overTheWire } from "./over-the-wire.ts";

const leaseBody = z.object({
  metadata: z.object({
    resourceVersion: z.string().default(""),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({
    holderIdentity: z.string(),
    leaseDurationSeconds: z.number(),
    acquireTime: z.string(),
    renewTime: z.string(),
    leaseTransitions: z.number(),
  }),
});
type StoredLease = z.infer<typeof leaseBody>;
type Spec = StoredLease["spec"];
type Fault = (call: ApiCall) => Promise<void> | void;

/** Keeps one Lease with the manners of an API server (reference/kubernetes.md §2.2). */
export interface FakeLeaseServer {
  readonly api: Pick<KubernetesApi, "call">;
  readonly calls: readonly ApiCall[];
  lease(): StoredLease | null;
  /** Writes as somebody else would; undefined deletes. */
  set(spec: Partial<Spec> | undefined, labels?: Record<string, string>): void;
  /** Runs before each call is served; throws to fail it. */
  before(fault: Fault | null): void;
  /** Runs after each call was served, before its answer is seen. */
  after(fault: Fault | null): void;
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

export function createFakeLeaseServer(): FakeLeaseServer {
  let version = 0;
  let stored: StoredLease | null = null;
  let before: Fault | null = null;
  let after: Fault | null = null;
  const calls: ApiCall[] = [];
  const store = (body: unknown): StoredLease => {
    const lease = leaseBody.parse(body);
    const { acquireTime, renewTime, leaseDurationSeconds } = lease.spec;
    if (![acquireTime, renewTime].every((time) => microTime.test(time))) {
      throw new KubernetesError("Invalid", "400: parsing time");
    }
    if (!(leaseDurationSeconds > 0)) throw new KubernetesError("Invalid", "422: must be greater than 0");
    version += 1;
    stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
    return stored;
  };
  const serve = ({ method, body, path: asked }: ApiCall): StoredLease => {
    if (method === "POST" && asked === path) {
      if (stored !== null) throw new KubernetesError("AlreadyExists", "409");
      return store(body);
    }
    if (asked !== `${path}/lock` || stored === null) throw new KubernetesError("NotFound", "404");
    if (method === "GET") return stored;
    const { resourceVersion } = leaseBody.parse(body).metadata;
    if (resourceVersion !== stored.metadata.resourceVersion) throw new KubernetesError("Conflict", "409");
    return store(body);
  };
  return {
    api: {
      call: async (call) => {
        calls.push(call);
        await before?.(call);
        const answer = overTheWire(serve(call));
        await after?.(call);
        return answer;
      },
    },
    calls,
    lease: () => stored,
    set: (spec, labels) => {
      if (spec === undefined) stored = null;
      else {
        const metadata = { resourceVersion: "", ...(labels === undefined ? {} : { labels }) };
        store({ metadata, spec: { ...(stored?.spec ?? anothers), ...spec } });
      }
    },
    before: (fault) => void (before = fault),
    after: (fault) => void (after = fault),
  };
}

const anothers: Spec = {
  holderIdentity: "other",
  leaseDurationSeconds: 15,
  acquireTime: "2020-01-01T00:00:00.000000Z",
  renewTime: "2020-01-01T00:00:00.000000Z",
  leaseTransitions: 4,
};
