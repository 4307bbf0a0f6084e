import { z } from "zod";

import type { ApiCall, KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { microTime } from "./micro-time.ts";

/** A Lease of coordination.k8s.io/v1 as it was last read or written. */
export interface LeaseRecord {
  /** Who holds it; empty when it was released. */
  readonly holder: string;
  readonly durationMs: number;
  /** MicroTime; empty when nobody ever held it. */
  readonly acquireTime: string;
  readonly renewTime: string;
  /** How often the holder has changed. */
  readonly transitions: number;
  /** All of the object, so that a write keeps the labels and fields of others. */
  readonly object: LeaseObject;
}

/** What an elector writes; the rest of the object stays as it is. */
export interface LeaseTerms {
  readonly holder: string;
  readonly durationMs: number;
  /** Null for the present time. */
  readonly acquireTime: string | null;
  readonly transitions: number;
}

/** One Lease on the API server. All calls end within 5 s, and throw KubernetesErrors. */
export interface LeaseStore {
  /** Null when there is none. */
  read(signal?: AbortSignal): Promise<LeaseRecord | null>;
  /** @throws KubernetesError `AlreadyExists` when another was faster. */
  create(terms: LeaseTerms): Promise<LeaseRecord>;
  /** @throws KubernetesError `Conflict` when it changed since `record`, `NotFound` when it is gone. */
  replace(record: LeaseRecord, terms: LeaseTerms): Promise<LeaseRecord>;
}

const callLimitMs = 5_000;

const leaseObject = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().min(1) }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});
type LeaseObject = z.infer<typeof leaseObject>;

/** Makes a store for the Lease `namespace`/`name`; writes are stamped with `nowMs`. */
export function createLeaseStore(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly nowMs: () => number;
  readonly namespace: string;
  readonly name: string;
}): LeaseStore {
  const { api, nowMs, namespace, name } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const call = async (request: ApiCall): Promise<LeaseRecord> =>
    readLease(await api.call({ ...request, deadlineMs: callLimitMs }));
  const write = (terms: LeaseTerms, base: Partial<LeaseObject>): unknown => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    ...base,
    metadata: base.metadata ?? { namespace, name },
    spec: { ...base.spec, ...specOf(terms, microTime(nowMs())) },
  });
  return {
    read: async (signal) => {
      try {
        return await call({ method: "GET", path, ...(signal === undefined ? {} : { signal }) });
      } catch (error) {
        if (error instanceof KubernetesError && error.code === "NotFound") return null;
        throw error;
      }
    },
    create: (terms) => call({ method: "POST", path: collection, body: write(terms, {}) }),
    replace: ({ object }, terms) => call({ method: "PUT", path, body: write(terms, object) }),
  };
}

/** Whether both say the same about who holds the lease; others may have changed labels in between. */
export function isSameTenure(a: LeaseRecord, b: LeaseRecord): boolean {
  return (
    a.holder === b.holder &&
    a.renewTime === b.renewTime &&
    a.acquireTime === b.acquireTime &&
    a.transitions === b.transitions &&
    a.durationMs === b.durationMs
  );
}

function specOf({ holder, durationMs, acquireTime, transitions }: LeaseTerms, now: string): object {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: durationMs / 1000,
    acquireTime: acquireTime ?? now,
    renewTime: now,
    leaseTransitions: transitions,
  };
}

function readLease(body: unknown): LeaseRecord {
  const parsed = leaseObject.safeParse(body);
  if (!parsed.success) {
    throw new KubernetesError("Invalid", "the API server's answer is no Lease", { cause: parsed.error });
  }
  const { spec } = parsed.data;
  return {
    holder: spec?.holderIdentity ?? "",
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    acquireTime: spec?.acquireTime ?? "",
    renewTime: spec?.renewTime ?? "",
    transitions: spec?.leaseTransitions ?? 0,
    object: parsed.data,
  };
}
