import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";

import type { ThreadReply, ThreadRequest } from "./thread-messages.ts";

/** The host's end of the channel to a thread: replies come in the order of the requests. */
export interface ThreadLine {
  send(request: ThreadRequest): void;
  /** Requests without a reply yet, oldest first. */
  open(): readonly ThreadRequest["kind"][];
  /** Sleeps until the reply to the oldest open request is there; undefined when it is not in time. */
  receive(deadlineMs: number): ThreadReply | undefined;
}

/** `replies` counts what the other side has sent, so that no reply is missed or taken twice. */
export function createThreadLine(port: MessagePort, replies: Int32Array<SharedArrayBuffer>): ThreadLine {
  const open: ThreadRequest["kind"][] = [];
  let received = 0;
  return {
    send: (request) => {
      port.postMessage(request);
      open.push(request.kind);
    },
    open: () => open,
    receive: (deadlineMs) => {
      // The notification of the reply before may come late, and is no reply.
      while (Atomics.load(replies, 0) === received) {
        if (Atomics.wait(replies, 0, received, deadlineMs) === "timed-out") return undefined;
      }
      const reply: { readonly message: ThreadReply } | undefined = receiveMessageOnPort(port);
      received += 1;
      open.shift();
      return reply?.message;
    },
  };
}
