import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface Conversation {
  readonly answers: readonly RawAnswer[];
  /** Until the last answer, or the end of the connection. */
  readonly tookMs: number;
}

/** Answers that have arrived whole: with their heads, and bodies as long as they say. */
export function parseAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (;;) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) return answers;
    const head = rest.slice(0, headEnd);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    // The answer to HEAD has the length of a body that does not come.
    const hasBody = status !== 100 && !rest.startsWith("HTTP/1.", headEnd + 4);
    const length = !hasBody ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (rest.length < headEnd + 4 + length) return answers;
    // Node itself answers an odd Expect, in chunks of which there are none.
    if (status !== 100 && head !== "0")
      answers.push({ status, head, body: rest.slice(headEnd + 4, headEnd + 4 + length) });
    rest = rest.slice(headEnd + 4 + length);
  }
}

/** How long to wait for the first byte, and for more after the last one, before sending is ended. */
const silentMs = 300;
const quietMs = 30;

/**
 * Sends bytes in these parts and collects what comes back. Once nothing comes any more, sending is ended, so that what
 * waits for the rest of a request learns that there is none; the conversation is over when the server has closed.
 */
export function converse(
  to: { readonly port: number; readonly from: string },
  parts: readonly string[],
): Promise<Conversation> {
  const { promise, resolve } = Promise.withResolvers<Conversation>();
  const startedMs = performance.now();
  let received = "";
  let lastMs = startedMs;
  const socket = connect({ host: "127.0.0.1", port: to.port, localAddress: to.from });
  const end = endsWhenQuiet(socket);
  socket.on("connect", () => {
    for (const part of parts) socket.write(part, "latin1");
    end(silentMs);
  });
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    lastMs = performance.now();
    end(quietMs);
  });
  socket.on("error", () => undefined); // A reset is an end as well.
  socket.on("close", () => resolve({ answers: parseAnswers(received), tookMs: lastMs - startedMs }));
  return promise;
}

function endsWhenQuiet(socket: Socket): (afterMs: number) => void {
  let timer: NodeJS.Timeout | undefined;
  socket.on("close", () => clearTimeout(timer));
  return (afterMs) => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.end(), afterMs);
  };
}
