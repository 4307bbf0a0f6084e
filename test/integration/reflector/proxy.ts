import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { ControlPlane } from "../../control-plane/control-plane.ts";

/** A road to the API server that can be closed, while others still reach it. */
export interface Proxy {
  /** A kubeconfig that goes this way. */
  readonly kubeconfig: string;
  /** Breaks what is connected and refuses what comes. */
  cut(): void;
  /** Lets nothing through any more, in no direction, and keeps connections open. */
  swallow(): void;
  /** Takes new connections again; swallowed ones stay dead. */
  open(): void;
}

/** Puts a proxy before `plane` for one test. */
export async function useProxy(t: TestContext, plane: ControlPlane, kubeconfig: string): Promise<Proxy> {
  const { port: target } = new URL(plane.url);
  const sockets = new Set<Socket>();
  let state: "open" | "cut" | "swallowing" = "open";
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (state === "cut") client.destroy();
    if (state !== "open") return;
    const upstream = connect(Number(target), "127.0.0.1");
    keep(upstream);
    client.pipe(upstream).pipe(client);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  const text = await readFile(kubeconfig, "utf8");
  const path = join(plane.folder, `kubeconfig-proxy-${address.port}.json`);
  await writeFile(path, text.replaceAll(plane.url, `https://127.0.0.1:${address.port}`), { mode: 0o600 });
  return {
    kubeconfig: path,
    cut: () => {
      state = "cut";
      for (const socket of sockets) socket.destroy();
    },
    swallow: () => {
      state = "swallowing";
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    open: () => void (state = "open"),
  };
}
