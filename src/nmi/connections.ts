import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server, by what they are at. Node's own list takes those that have just come for idle ones. */
export interface Connections {
  /** Resolves when the requests that are being answered now have been. */
  answered(): Promise<void>;
  /** Ends connections that have been answered all they asked. */
  closeAnswered(): void;
  /** Ends connections that have not asked anything yet, or not to the end. */
  closeSilent(): void;
  /** How many have come so far. */
  count(): number;
}

interface Connection {
  hasAsked: boolean;
  answering: number;
}

/** Follows `server` from now on. */
export function followConnections(server: Server): Connections {
  const open = new Map<Socket, Connection>();
  /** Each resolves when that request's answer has left, or cannot any more. */
  const answers = new Set<Promise<void>>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count += 1;
    open.set(socket, { hasAsked: false, answering: 0 });
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", ({ socket }, outgoing) => {
    const connection = open.get(socket);
    if (connection === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.hasAsked = true;
    connection.answering += 1;
    answers.add(promise);
    outgoing.once("close", () => {
      connection.answering -= 1;
      answers.delete(promise);
      resolve();
    });
  });
  const closeWhere = (condition: (connection: Connection) => boolean): void => {
    for (const [socket, connection] of open) if (condition(connection)) socket.destroy();
  };
  return {
    answered: async () => {
      await Promise.all(answers);
    },
    closeAnswered: () => closeWhere(({ hasAsked, answering }) => hasAsked && answering === 0),
    closeSilent: () => closeWhere(({ hasAsked }) => !hasAsked),
    count: () => count,
  };
}
