import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import type { Clock } from "../runtime/clock.ts";
import { canonicalAddress } from "./caller.ts";
import { createTally } from "./tally.ts";

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
  /**
   * Follows a request until its answer has left. False when it is not to be answered: its connection is one too many of its
   * address, or asks again before it is answered, and is cut.
   */
  admit(socket: Socket, outgoing: ServerResponse): boolean;
}

/** What one peer may have of a server, before it has asked anything. */
export interface ConnectionBounds {
  /** Connections of one address; those beyond it are not answered, and cut. */
  readonly mostPerAddress: number;
  /** How long until they are: who is cut at once calls again at once. */
  readonly cutAfterMs: number;
  /** How long an answer may wait for its reader. */
  readonly unreadMs: number;
}

interface Connection {
  hasAsked: boolean;
  /** For each request that is being answered, what ends it. */
  readonly answering: Set<() => void>;
}

/** Follows `server` from now on, and keeps its connections within the bounds. */
export function followConnections(server: Server, clock: Clock, bounds: ConnectionBounds): Connections {
  const excess = limitPerAddress(server, clock, bounds);
  const open = new Map<Socket, Connection>();
  /** Each resolves when that request's answer has left, or cannot any more. */
  const answers = new Set<Promise<void>>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count += 1;
    const connection: Connection = { hasAsked: false, answering: new Set() };
    open.set(socket, connection);
    socket.once("close", () => {
      open.delete(socket);
      // Answers that had to wait for one before them do not hear of it.
      for (const end of connection.answering) end();
    });
  });
  cutUnread(server, bounds.unreadMs, open);
  const closeWhere = (condition: (connection: Connection) => boolean): void => {
    for (const [socket, connection] of open) if (condition(connection)) socket.destroy();
  };
  return {
    answered: async () => {
      await Promise.all(answers);
    },
    closeAnswered: () => closeWhere(({ hasAsked, answering }) => hasAsked && answering.size === 0),
    closeSilent: () => closeWhere(({ hasAsked }) => !hasAsked),
    count: () => count,
    admit: (socket, outgoing) => {
      const connection = open.get(socket);
      if (connection === undefined) return false;
      const isAnswered = !excess.has(socket);
      // No client of IMDS asks again before it is answered, and Node would read a hundred requests of one that does.
      if (connection.answering.size > 0) socket.destroy();
      // Whom nobody answers, nobody waits for.
      else follow(connection, outgoing, isAnswered ? answers : new Set());
      return isAnswered && !socket.destroyed;
    },
  };
}

function follow(connection: Connection, outgoing: ServerResponse, answers: Set<Promise<void>>): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    connection.answering.delete(end);
    answers.delete(promise);
    resolve();
  };
  connection.hasAsked = true;
  connection.answering.add(end);
  answers.add(promise);
  outgoing.once("close", end);
}

function cutUnread(server: Server, unreadMs: number, open: ReadonlyMap<Socket, Connection>): void {
  server.setTimeout(unreadMs, (socket: Socket) => {
    // A request that waits has its own limits, and nothing to write meanwhile.
    const isHeld = (open.get(socket)?.answering.size ?? 0) > 0 && socket.writableLength === 0;
    if (isHeld) socket.setTimeout(unreadMs);
    else socket.destroy();
  });
}

/** Of all addresses; what is beyond is cut at once. */
const mostExcess = 1_000;
/** By so much later each is cut that comes while others wait for it: those who are cut at once are back at once. */
const cutApartMs = 3;

/**
 * So that no peer can have all of a server's connections: what bounds requests begins when one has been read.
 * @returns those that are one too many, until they are cut.
 */
function limitPerAddress(server: Server, clock: Clock, bounds: ConnectionBounds): ReadonlySet<Socket> {
  const open = createTally();
  const excess = new Set<Socket>();
  const cutLater = (socket: Socket): void => {
    if (excess.size >= mostExcess) {
      socket.destroy();
      return;
    }
    const cancel = clock.after(bounds.cutAfterMs + excess.size * cutApartMs, () => socket.destroy());
    excess.add(socket);
    socket.once("close", () => {
      cancel();
      excess.delete(socket);
    });
  };
  server.on("connection", (socket: Socket) => {
    // Without one it has left already, and is closed in a moment.
    const { remoteAddress = "" } = socket;
    const address = canonicalAddress(remoteAddress) ?? remoteAddress;
    if (open.of(address) >= bounds.mostPerAddress) {
      cutLater(socket);
      return;
    }
    open.add(address);
    socket.once("close", () => open.drop(address));
  });
  return excess;
}
