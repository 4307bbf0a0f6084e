import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";

const loopbacks = ["127.0.0.1", "::1"];

/**
 * Serves the node's own processes at both loopback addresses, whatever address pods are served at: the Key Vault
 * provider asks "localhost", which is either (reference/azure.md §1.6). A node may lack one of them, so what cannot be
 * served is told and no more.
 * @param host the address that is served already.
 */
export async function listenAtLoopbacks(
  log: Log,
  host: string,
  listen: (loopback: string) => Promise<unknown>,
): Promise<void> {
  if (host === "::" || host === "0.0.0.0") return;
  const missing = loopbacks.filter((loopback) => loopback !== host);
  await Promise.all(
    missing.map((loopback) =>
      listen(loopback).catch((thrown: unknown) =>
        log.warn({ err: toError(thrown), loopback }, "the host token endpoint is not served at this address"),
      ),
    ),
  );
}
