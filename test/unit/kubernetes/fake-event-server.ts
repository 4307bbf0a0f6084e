import { z } from "zod";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { overTheWire } from "./over-the-wire.ts";

const eventBody = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  eventTime: z.string().regex(/\.\d{6}Z$/),
  type: z.enum(["Normal", "Warning"]),
  reason: z.string().min(1).max(128),
  action: z.string().min(1).max(128),
  note: z.string().refine((note) => Buffer.byteLength(note) <= 1024),
  reportingController: z.string().min(1),
  reportingInstance: z.string().min(1),
  regarding: z.record(z.string(), z.string()),
  related: z.record(z.string(), z.string()).optional(),
  series: z.object({ count: z.number().min(2), lastObservedTime: z.string().regex(/\.\d{6}Z$/) }).optional(),
});
const seriesPatch = eventBody.pick({ series: true }).strict().required();
export type StoredEvent = z.infer<typeof eventBody>;

/** Keeps events with the manners of an API server (reference/kubernetes.md §2.2, §5.6). */
export interface FakeEventServer {
  readonly api: Pick<KubernetesApi, "call">;
  readonly calls: readonly ApiCall[];
  readonly events: ReadonlyMap<string, StoredEvent>;
  /** Forgets all events, as their hour of life does. */
  expire(): void;
  /** Runs before each call is served; throws to fail it. */
  before(fault: ((call: ApiCall) => Promise<void> | void) | null): void;
  /** Runs after a call was served and before it is answered. */
  after(fault: ((call: ApiCall) => void) | null): void;
}

export function createFakeEventServer(): FakeEventServer {
  const events = new Map<string, StoredEvent>();
  const calls: ApiCall[] = [];
  let before: ((call: ApiCall) => Promise<void> | void) | null = null;
  let after: ((call: ApiCall) => void) | null = null;
  const serve = ({ method, path, body, bodyType }: ApiCall): StoredEvent => {
    if (method === "POST") {
      const event = eventBody.parse(body);
      const name = `${path}/${event.metadata.name}`;
      if (path !== `/apis/events.k8s.io/v1/namespaces/${event.metadata.namespace}/events`) {
        throw new KubernetesError("Invalid", "400: another namespace");
      }
      if (events.has(name)) throw new KubernetesError("AlreadyExists", "409");
      events.set(name, event);
      return event;
    }
    const found = events.get(path);
    if (found === undefined) throw new KubernetesError("NotFound", "404");
    if (bodyType !== "application/merge-patch+json") throw new KubernetesError("Invalid", "415");
    const patched = { ...found, ...seriesPatch.parse(body) };
    events.set(path, patched);
    return patched;
  };
  return {
    api: {
      call: async (call) => {
        calls.push(call);
        await before?.(call);
        const answer = overTheWire(serve(call));
        after?.(call);
        return answer;
      },
    },
    calls,
    events,
    expire: () => events.clear(),
    before: (fault) => void (before = fault),
    after: (fault) => void (after = fault),
  };
}
