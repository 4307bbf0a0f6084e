import type { JsonValue } from "../../../src/kubernetes/json.ts";
import { parseJsonValue } from "../../../src/kubernetes/raw-object.ts";

/** What a client reads when a server answers `body`. */
export function overTheWire(body: unknown): JsonValue | undefined {
  return body === undefined ? undefined : parseJsonValue(JSON.stringify(body));
}
