import { KubernetesError } from "./errors.ts";

/** Objects are at most 1.5 MiB in etcd; what is longer is no watch event. */
const longestLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/**
 * Cuts a stream into lines at 0x0A, over bytes, so that a character torn between two chunks stays whole.
 * A last line without its end is torn and dropped; empty lines are passed over.
 * @throws KubernetesError `Unreachable` for a line of more than 8 MiB, and what `chunks` throws.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  longestBytes: number = longestLineBytes,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const keep = (part: Uint8Array): void => {
    bytes += part.length;
    if (bytes > longestBytes) {
      throw new KubernetesError("Unreachable", `the server sent a line of more than ${longestBytes} bytes`);
    }
    parts.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString("utf8");
      [parts, bytes, start] = [[], 0, end + 1];
      if (line !== "") yield line;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
}
