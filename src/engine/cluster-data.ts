import type { ClusterDocument } from "./cluster-document.ts";

/** One entry of `data.cluster` that is new or different; gone when its value is undefined. */
export interface DataChange {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
}

/** A change as the JSON texts that a module takes. */
export interface DataPatch {
  /** The place below `data`, as a list of keys. */
  readonly pathJson: string;
  /** null: nothing is to stand there any more. */
  readonly valueJson: string | null;
}

/** A state of the data; only the `ClusterData` that gave it can read it. */
export interface DataVersion {
  readonly epoch: number;
  readonly patches: number;
}

/**
 * What `data.cluster` is to be, for every instance that has to hold it. Entries are kept as JSON text:
 * a change costs the entry, not the document (a full load of 10,000 bindings takes about 65 ms, a
 * patch 10 µs), and an instance that comes later takes the whole.
 */
export interface ClusterData {
  replace(document: ClusterDocument): void;
  change(changes: readonly DataChange[]): void;
  version(): DataVersion;
  /** What leads from `version` to now; undefined when it takes the whole document. */
  since(version: DataVersion | undefined): readonly DataPatch[] | undefined;
  toJson(): string;
}

/** Below this many characters of patches a module's heap cannot have grown by much. */
const fewCharacters = 64 * 1024;

/** Empty data. */
export function createClusterData(): ClusterData {
  let sections = new Map<string, Map<string, string>>();
  let characters = 0;
  let epoch = 0;
  let patches: DataPatch[] = [];
  let patchedCharacters = 0;

  const startEpoch = (): void => {
    epoch += 1;
    patches = [];
    patchedCharacters = 0;
  };
  const put = ({ section, key, value }: DataChange): DataPatch => {
    const entries = sections.get(section) ?? new Map<string, string>();
    sections.set(section, entries);
    const valueJson = value === undefined ? null : JSON.stringify(value);
    characters += (valueJson?.length ?? 0) - (entries.get(key)?.length ?? 0);
    if (valueJson === null) entries.delete(key);
    else entries.set(key, valueJson);
    return { pathJson: JSON.stringify(["cluster", section, key]), valueJson };
  };
  return {
    replace: (document) => {
      sections = sectionsOf(document);
      characters = charactersIn(sections);
      startEpoch();
    },
    change: (changes) => {
      for (const change of changes) {
        const patch = put(change);
        patches.push(patch);
        patchedCharacters += patch.pathJson.length + (patch.valueJson?.length ?? 0);
      }
      // A patched heap keeps gaps: when as much was patched as there is, loading it all is cheaper than growing.
      if (patchedCharacters > Math.max(characters, fewCharacters)) startEpoch();
    },
    version: () => ({ epoch, patches: patches.length }),
    since: (version) => (version?.epoch === epoch ? patches.slice(version.patches) : undefined),
    toJson: () => objectJson(sections, (entries) => objectJson(entries, (valueJson) => valueJson)),
  };
}

function sectionsOf(document: ClusterDocument): Map<string, Map<string, string>> {
  return new Map(
    Object.entries(document).map(([section, entries]) => [
      section,
      new Map(Object.entries(entries).map(([key, value]) => [key, JSON.stringify(value)])),
    ]),
  );
}

function charactersIn(sections: ReadonlyMap<string, ReadonlyMap<string, string>>): number {
  let sum = 0;
  for (const entries of sections.values()) for (const text of entries.values()) sum += text.length;
  return sum;
}

function objectJson<T>(entries: ReadonlyMap<string, T>, text: (value: T) => string): string {
  const members = Array.from(entries, ([key, value]) => `${JSON.stringify(key)}:${text(value)}`);
  return `{${members.join(",")}}`;
}
