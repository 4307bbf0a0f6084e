import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { createAssignedIdentityStore, type AssignedIdentityStore } from "./assigned-identity-store.ts";
import { KubernetesError } from "./errors.ts";
import { watchFolder } from "./folder-watch.ts";
import type { JsonObject } from "./json.ts";
import type { ManifestJudge } from "./manifest-assessment.ts";
import { createManifestFolder, type ManifestFolder } from "./manifest-folder.ts";
import type { Problem } from "./manifest-problem.ts";
import type { CrdSchemas } from "./manifest-schema.ts";
import type { ResourceEvent, ResourceKinds, ResourceSource, StatusKind } from "./resource-source.ts";
import { createSubscribers, type Subscribers } from "./subscribers.ts";

/** A folder of YAML files in place of a cluster. */
export interface ManifestSource extends ResourceSource {
  /** What is wrong with the manifests as they are now, by file and line. */
  problems(): readonly Problem[];
  /** The latest events, oldest first. */
  events(): readonly ResourceEvent[];
}

const keptEvents = 1000;

/**
 * Serves the manifests in `directory`; with `watch`, follows its changes until closed. Status,
 * assigned identities and events live in memory and end with the process.
 * @throws KubernetesError `DirectoryUnreadable` when the directory cannot be read at the start. When
 * that happens later, nothing is served and `problems` says so.
 */
export async function createManifestSource(options: {
  readonly directory: string;
  readonly crds: CrdSchemas;
  readonly clock: Clock;
  readonly log: Log;
  readonly judge?: ManifestJudge;
  readonly watch: boolean;
}): Promise<ManifestSource> {
  const { directory, crds, clock, log, judge = () => [] } = options;
  const subscribers = createSubscribers(log);
  const reading = { schemas: crds, judge };
  const folder = createManifestFolder({
    directory,
    reading,
    log,
    changed: (changes) => subscribers.notify(changes),
  });
  const assigned = createAssignedIdentityStore(clock, (key) =>
    subscribers.notify([{ kind: "AzureAssignedIdentity", key }]),
  );
  const reread = (): Promise<void> => folder.reread();
  const watch = options.watch ? await watchFolder({ directory, clock, reread }) : undefined;
  if (watch === undefined) await reread();
  const close = async (): Promise<void> => watch?.close();
  const fault = folder.fault();
  if (fault !== undefined) {
    await close();
    throw new KubernetesError("DirectoryUnreadable", `${directory} cannot be read: ${fault.message}`, {
      cause: fault,
    });
  }
  return sourceOf({ folder, assigned, subscribers, close });
}

function sourceOf(parts: {
  readonly folder: ManifestFolder;
  readonly assigned: AssignedIdentityStore;
  readonly subscribers: Subscribers;
  readonly close: () => Promise<void>;
}): ManifestSource {
  const { folder, assigned, subscribers, close } = parts;
  let events: readonly ResourceEvent[] = [];
  const statuses = new Map<string, JsonObject>();
  const applyStatus = (kind: StatusKind, key: string, status: JsonObject): void => {
    if (!tables()[kind].has(key)) throw new KubernetesError("NotFound", `there is no ${kind} ${key}`);
    statuses.set(`${kind} ${key}`, status);
  };
  const tables = (): { readonly [K in keyof ResourceKinds]: ReadonlyMap<string, ResourceKinds[K]> } => ({
    ...folder.current().resources,
    AzureAssignedIdentity: assigned.objects,
  });
  return {
    list: (kind) => [...tables()[kind].values()],
    get: (kind, key) => tables()[kind].get(key),
    subscribe: (listener) => subscribers.add(listener),
    ageSeconds: () => 0,
    readSecret: async (namespace, name) => folder.current().secrets.get(`${namespace}/${name}`),
    createAssignedIdentity: async (object) => assigned.create(object),
    replaceAssignedIdentity: async (object) => assigned.replace(object),
    patchAssignedIdentityStatus: async (key, patch) => assigned.patchStatus(key, patch),
    deleteAssignedIdentity: async (key) => assigned.remove(key),
    applyBindingStatus: async (key, status) => applyStatus("AzureIdentityBinding", key, status),
    applyGrantStatus: async (key, status) => applyStatus("AzureIdentityAccessGrant", key, status),
    statusOf: (kind, key) => statuses.get(`${kind} ${key}`),
    deleteAccessRecord: async () => undefined,
    recordEvent: (event) => void (events = [...events, event].slice(-keptEvents)),
    problems: () => folder.current().problems,
    events: () => events,
    close,
  };
}
