import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

/** What a scripted endpoint answers; `hang` never answers, `reset` drops the connection. */
export type Script =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "reset";

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Loopback {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
}

/** Serves what `answer` says, for the faults that the emulator does not have; ends with the test. */
export async function serveScript(
  t: TestContext,
  answer: (request: SeenRequest) => Script,
): Promise<Loopback> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    const { method = "", url: target = "", headers } = incoming;
    const seen = { method, target, headers, body };
    requests.push(seen);
    const script = answer(seen);
    if (script === "hang") return;
    if (script === "reset") {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(script.status, { "content-type": "application/json", ...script.headers });
    outgoing.end(script.body);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return { url: `http://127.0.0.1:${address.port}`, requests };
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Script {
  return { status, body: JSON.stringify(body), headers };
}
