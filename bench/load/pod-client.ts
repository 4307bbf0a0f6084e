// A pod's HTTP client for the load bench. On two cores what the generator spends is missing to what it measures, and
// node:http spends nearly twice as much (0.21 of a core at 500 requests a second, this 0.12): here a request is one write
// of bytes that were made once.
import { connect, type Socket } from "node:net";

export interface PodClient {
  /** Sends the request on a connection that is free, else on a new one; answers the status, or "error". */
  ask(): Promise<string>;
  close(): void;
}

interface Connection {
  readonly socket: Socket;
  received: string;
  /** Null while the connection is free. */
  done: ((status: string) => void) | null;
}

/** Always asks for the same: GET of `path` with `headers`, from `localAddress`, on connections that are kept. */
export function createPodClient(ask: {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly localAddress: string;
}): PodClient {
  const { host, port, localAddress } = ask;
  const lines = Object.entries(ask.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`GET ${ask.path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const open = new Set<Connection>();
  const free: Connection[] = [];

  const end = (connection: Connection, status: string): void => {
    const { done } = connection;
    connection.done = null;
    connection.received = "";
    done?.(status);
  };
  const openConnection = (): Connection => {
    const socket = connect({ host, port, localAddress, noDelay: true });
    const connection: Connection = { socket, received: "", done: null };
    open.add(connection);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      connection.received += text;
      const answer = answerIn(connection.received);
      if (answer === null) return;
      end(connection, answer.status);
      if (answer.isLast) socket.destroy();
      else free.push(connection);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open.delete(connection);
      const at = free.indexOf(connection);
      if (at >= 0) free.splice(at, 1);
      end(connection, "error");
    });
    return connection;
  };
  return {
    ask: () => {
      const connection = free.pop() ?? openConnection();
      return new Promise((resolve) => {
        connection.done = resolve;
        connection.socket.write(request);
      });
    },
    close: () => {
      for (const { socket } of open) socket.destroy();
    },
  };
}

/** Null until the answer is whole. NMI names the length of each body; one of unknown length would never be whole. */
function answerIn(received: string): { readonly status: string; readonly isLast: boolean } | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = received.slice(0, headEnd).toLowerCase();
  const [, length = "Infinity"] = /\r\ncontent-length: (\d+)/.exec(head) ?? [];
  if (received.length < headEnd + 4 + Number(length)) return null;
  return { status: head.slice(9, 12), isLast: head.includes("\r\nconnection: close") };
}
