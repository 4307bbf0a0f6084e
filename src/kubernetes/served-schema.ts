import { z } from "zod";

import { type Cancel, type Clock, delay } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { servedFields } from "./served-fields.ts";

/**
 * What the API server makes of podid's kinds. A cluster that still has aad-pod-identity's definitions drops
 * `spec.timeBox` with a mere warning, and the binding is then open for ever (reference/kubernetes.md §4). So daemons
 * read the served schemas, as the server publishes them to every user, before they do anything.
 */
export interface ServedSchema {
  /** Where this very version is published; null when the group is not served. */
  readonly url: string | null;
  /** What a person has to mend, a line each; empty when every field is served. */
  readonly faults: readonly string[];
}

const group = "aadpodidentity.k8s.io";
const index = z.object({ paths: z.record(z.string(), z.object({ serverRelativeURL: z.string() })) });

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean | undefined;
}
const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), schema).optional(),
    items: schema.optional(),
    "x-kubernetes-preserve-unknown-fields": z.boolean().optional(),
  }),
);
const published = z.object({ components: z.object({ schemas: z.record(z.string(), schema) }) });

/**
 * Reads the served schemas; `known` saves the work when nothing has changed since.
 * @throws KubernetesError when the API server does not answer, or not with an OpenAPI v3 document.
 */
export async function readServedSchema(
  api: Pick<KubernetesApi, "call">,
  known?: ServedSchema,
  signal?: AbortSignal,
): Promise<ServedSchema> {
  const aborting = signal === undefined ? {} : { signal };
  const { paths } = index.parse(await api.call({ method: "GET", path: "/openapi/v3", ...aborting }));
  const url = paths[`apis/${group}/v1`]?.serverRelativeURL ?? null;
  if (known !== undefined && known.url === url) return known;
  if (url === null) {
    return { url, faults: [`the cluster serves no ${group}/v1: kubectl apply --server-side -f deploy/crds`] };
  }
  const { pathname, searchParams } = new URL(url, "https://server");
  const query = Object.fromEntries(searchParams);
  const document = published.parse(await api.call({ method: "GET", path: pathname, query, ...aborting }));
  return { url, faults: findFaults(document.components.schemas) };
}

function findFaults(schemas: Readonly<Record<string, Schema>>): readonly string[] {
  return Object.entries(servedFields).flatMap(([kind, fields]) => {
    const file = `deploy/crds/${kind.toLowerCase().replace(/y$/, "ie")}s.yaml`;
    const found = Object.entries(schemas).find(([name]) => name.endsWith(`.v1.${kind}`))?.[1];
    if (found === undefined) {
      return [`the cluster serves no ${kind}: kubectl apply --server-side -f ${file}`];
    }
    const lacking = new Set(fields.flatMap((field) => firstMissing(found, field) ?? []));
    if (lacking.size === 0) return [];
    const names = [...lacking].join(", ");
    return [
      `${kind} as served by the cluster lacks ${names}, so that the API server drops what is written there and access ` +
        `would be wider than meant: kubectl apply --server-side -f ${file}`,
    ];
  });
}

/** The outermost part of `path` that `root` does not have; undefined when it has all of it. */
function firstMissing(root: Schema, path: string): string | undefined {
  let current: Schema | undefined = root;
  const steps = path.split(".");
  for (const [position, step] of steps.entries()) {
    if (current["x-kubernetes-preserve-unknown-fields"] === true) return undefined;
    const isList = step.endsWith("[]");
    const property: Schema | undefined = current.properties?.[isList ? step.slice(0, -2) : step];
    current = isList ? property?.items : property;
    if (current === undefined) return steps.slice(0, position + 1).join(".");
  }
  return undefined;
}

const publishingMs = 10_000;
const retryMs = 1_000;
const everyMs = 60_000;

/**
 * The schemas at the start. Definitions applied a moment ago take a second to be published, so faults are read
 * again for 10 s before they are believed.
 * @throws KubernetesError as `readServedSchema`; the reason of `signal` when it aborts.
 */
export async function awaitServedSchema(
  api: Pick<KubernetesApi, "call">,
  clock: Clock,
  signal: AbortSignal,
): Promise<ServedSchema> {
  const endMs = clock.monotonicMs() + publishingMs;
  let served = await readServedSchema(api, undefined, signal);
  while (served.faults.length > 0 && clock.monotonicMs() < endMs) {
    // oxlint-disable-next-line no-await-in-loop -- one reading follows the other
    await delay(clock, retryMs, signal);
    // oxlint-disable-next-line no-await-in-loop -- as above
    served = await readServedSchema(api, served, signal);
  }
  return served;
}

/**
 * Reads the schemas again every minute and calls `onChange` when they are others than `served`. A failed reading
 * changes nothing: it says nothing about the schemas.
 */
export function followServedSchema(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; spreads the readings of many nodes. */
  readonly random: () => number;
  readonly served: ServedSchema;
  readonly onChange: (served: ServedSchema) => void;
}): Cancel {
  const { api, clock, log, random, onChange } = options;
  const stopping = new AbortController();
  let served = options.served;
  const look = async (): Promise<void> => {
    try {
      const next = await readServedSchema(api, served, stopping.signal);
      if (next !== served && !stopping.signal.aborted) {
        served = next;
        onChange(next);
      }
    } catch (error) {
      if (!stopping.signal.aborted)
        log.debug({ err: toError(error) }, "the served schemas could not be read");
    }
    if (!stopping.signal.aborted) cancel = schedule();
  };
  const schedule = (): Cancel => clock.after(everyMs * (1 - random() / 4), () => void look());
  let cancel = schedule();
  return () => {
    stopping.abort();
    cancel();
  };
}
