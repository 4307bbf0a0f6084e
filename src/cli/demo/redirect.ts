import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/**
 * Stands for a pod's network: what the pod sends to the metadata address reaches NMI with the pod's own
 * source address, as the node's DNAT rule does it. `url` is where the pod's SDK sends its requests.
 */
export interface Redirect {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens a pod's way to NMI. `podAddress` must lie in 127.0.0.0/8. */
export async function openRedirect(
  podAddress: string,
  nmi: { readonly host: string; readonly port: number },
): Promise<Redirect> {
  const sockets = new Set<Socket>();
  const server = createServer((inside) => {
    const outside = connect({ host: nmi.host, port: nmi.port, localAddress: podAddress });
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = addressOf(server.address());
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://127.0.0.1:${port}`, close };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("the server listens on no TCP port");
  return address;
}
