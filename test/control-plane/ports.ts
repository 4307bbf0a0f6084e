import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A TCP port of loopback that nobody listens on, and not `taken`.
 *
 * Below the range from which the kernel serves outgoing connections (32768 and up on Linux): a server that is killed
 * and started on the same port would otherwise find it taken by a client, or a client that retries would meet itself.
 */
export async function findFreePort(taken?: number): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    if (port !== taken && (await isFree(port))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
