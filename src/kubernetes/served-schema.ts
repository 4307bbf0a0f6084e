import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { KubernetesApi } from "./api.ts";
import { type CrdShape, crdShapes, missingFields } from "./crd-shape.ts";
import { KubernetesError } from "./errors.ts";
import { createObjectStore, type ObjectStore } from "./object-store.ts";
import { createReflector, type Reflector } from "./reflector.ts";

const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const namedFields = 3;

/** What is to be done about a fault; the folder that `make` and the chart apply as well. */
export const schemaRemedy = "kubectl apply --server-side --force-conflicts -f deploy/crds";

/**
 * Compares the definitions that the server has with those that this podid was built for. Answers one line for
 * each fault, none when all is well: a server with an older definition drops fields such as spec.timeBox without
 * an error, and the binding would then always be in force (reference/kubernetes.md §4).
 * @throws KubernetesError when the server cannot be asked.
 */
export async function checkServedSchemas(
  api: Pick<KubernetesApi, "call">,
  shipped: readonly CrdShape[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const faults = await Promise.all(
    shipped.map(async (shape) => {
      try {
        const call = { method: "GET", path: `${path}/${shape.name}` } as const;
        const answer = await api.call(signal === undefined ? call : { ...call, signal });
        return compareWithServed(shape, answer);
      } catch (thrown) {
        const fault = thrown instanceof KubernetesError ? faultOf(shape, thrown) : null;
        if (fault === null) throw thrown;
        return [fault];
      }
    }),
  );
  return faults.flat();
}

function faultOf({ name }: CrdShape, { code }: KubernetesError): string | null {
  if (code === "NotFound") return missing(name);
  if (code !== "Forbidden") return null;
  return (
    `podid may not read the CustomResourceDefinition ${name}, and so cannot tell whether time boxes are kept: ` +
    `grant get, list and watch on customresourcedefinitions, as in deploy/`
  );
}

function missing(name: string): string {
  return `the cluster has no CustomResourceDefinition ${name}`;
}

/** The faults of one definition, as the server answered it. */
function compareWithServed(wanted: CrdShape, answer: unknown): readonly string[] {
  const { name, version } = wanted;
  const served = crdShapes(answer)?.find((shape) => shape.version === version);
  if (served === undefined) return [`CustomResourceDefinition ${name} does not serve ${version}`];
  const fields = missingFields(wanted.schema, served.schema);
  const more = fields.length > namedFields ? ` and ${fields.length - namedFields} more` : "";
  const unselectable = wanted.selectable.filter((field) => !served.selectable.includes(field));
  return [
    ...(fields.length === 0
      ? []
      : [`lacks ${fields.slice(0, namedFields).join(", ")}${more}, which the API server therefore drops`]),
    ...(wanted.hasStatus && !served.hasStatus ? ["has no status subresource"] : []),
    ...(!wanted.hasStatus && served.hasStatus
      ? ["has a status subresource, so that podid's status writes change nothing"]
      : []),
    ...(unselectable.length === 0 ? [] : [`cannot be selected by ${unselectable.join(", ")}`]),
  ].map((fault) => `CustomResourceDefinition ${name} ${fault}`);
}

interface Followed {
  readonly shape: CrdShape;
  readonly store: ObjectStore<readonly string[]>;
  readonly reflector: Reflector;
}

/** Follows the definitions while podid runs. */
export interface ServedSchemas {
  /** As `checkServedSchemas`, of what was last seen; of what was not read yet nothing is said. */
  faults(): readonly string[];
  close(): Promise<void>;
}

/** Watches the definitions by name; `onChange` hears the faults whenever they have become others. */
export function followServedSchemas(options: {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly shipped: readonly CrdShape[];
  readonly onChange: (faults: readonly string[]) => void;
}): ServedSchemas {
  let told = "[]";
  const tell = (): void => {
    const now = faults();
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    options.onChange(now);
  };
  const followed = options.shipped.map((shape): Followed => {
    const store = createObjectStore<readonly string[]>({
      project: (content) => ({ ok: true, object: compareWithServed(shape, content) }),
      // Not before the first state is whole: each definition is missing then.
      onDelta: () => (reflector.isSynced() ? tell() : undefined),
      onMalformed: () => {},
    });
    const collection = { path, selectors: { fieldSelector: `metadata.name=${shape.name}` } };
    const reflector = createReflector({ ...options, collection, store, listFrom: "cache" });
    return { shape, store, reflector };
  });
  const faults = (): readonly string[] =>
    followed.flatMap(({ shape, store, reflector }) => {
      if (!reflector.isSynced()) return [];
      return store.get(shape.name) ?? [missing(shape.name)];
    });
  for (const { reflector } of followed) {
    reflector.start();
    void reflector.synced.then(tell);
  }
  return {
    faults,
    close: async () => void (await Promise.all(followed.map(({ reflector }) => reflector.close()))),
  };
}
