import { type Api, succeed } from "../../test/control-plane/api.ts";

/** Writes that the API server has answered, by what they were. */
export type Writes = ReadonlyMap<string, number>;

const line = /^apiserver_request_total\{([^}]*)\} (\S+)$/gm;
const writing = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE"]);
/** What podid's controller writes about assignments. A lease is renewed every few seconds, whatever there is to do. */
const counted = new Set(["azureassignedidentities", "azureidentitybindings", "events"]);

/** Reads the API server's own count. */
export async function readWrites(api: Api): Promise<Writes> {
  const metrics = String(await succeed(api.get("/metrics")));
  const writes = new Map<string, number>();
  for (const [, labelText = "", value] of metrics.matchAll(line)) {
    const labels = new Map(
      [...labelText.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", text = ""]) => [name, text]),
    );
    const [verb = "", resource = "", subresource = ""] = ["verb", "resource", "subresource"].map((name) =>
      labels.get(name),
    );
    if (!writing.has(verb) || !counted.has(resource)) continue;
    const name = `${verb} ${resource}${subresource === "" ? "" : `/${subresource}`}`;
    writes.set(name, (writes.get(name) ?? 0) + Number(value));
  }
  return writes;
}

/** What came between two counts; only what is more than none. */
export function writesBetween(before: Writes, after: Writes): Writes {
  return new Map(
    [...after].flatMap(([name, count]) => {
      const more = count - (before.get(name) ?? 0);
      return more > 0 ? [[name, more] as const] : [];
    }),
  );
}

export function sumOf(writes: Writes): number {
  return [...writes.values()].reduce((sum, count) => sum + count, 0);
}
