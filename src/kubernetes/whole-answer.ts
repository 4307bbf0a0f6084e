import type { Dispatcher } from "undici";

/** An answer that has been read to its end. */
export interface WholeAnswer extends Pick<Dispatcher.ResponseData, "statusCode" | "headers"> {
  readonly text: string;
}

/**
 * Sends a request and reads its answer. undici's own `request` makes a stream of each answer, which costs as much again
 * as sending: a controller that writes a thousand objects has half a core for them, the server takes the rest.
 * `beforeSend` is asked at the moment at which a socket takes the request; when it throws, nothing goes out.
 * @throws what undici or `beforeSend` throws, or the signal's reason.
 */
export function readWhole(
  dispatcher: Pick<Dispatcher, "dispatch">,
  request: Dispatcher.DispatchOptions,
  { signal, beforeSend }: { readonly signal: AbortSignal; readonly beforeSend?: (() => void) | undefined },
): Promise<WholeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>();
  let sent: Dispatcher.DispatchController | undefined;
  let head: Pick<WholeAnswer, "statusCode" | "headers"> | undefined;
  const chunks: Uint8Array[] = [];
  const giveUp = (): void => {
    // A request that still waits for a socket never gets one.
    reject(signal.reason);
    sent?.abort(signal.reason);
  };
  if (signal.aborted) return Promise.reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  dispatcher.dispatch(request, {
    // Requests wait for a free socket too: only the one that gets it knows whether it may still go out.
    onRequestStart: (controller) => {
      signal.throwIfAborted();
      beforeSend?.();
      sent = controller;
    },
    onResponseStart: (_controller, statusCode, headers) => {
      if (statusCode >= 200) head = { statusCode, headers };
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd: () => {
      if (head === undefined) reject(new Error("an answer without a head"));
      else resolve({ ...head, text: Buffer.concat(chunks).toString("utf8") });
    },
    onResponseError: (_controller, error) => reject(error),
  });
  return promise.finally(() => signal.removeEventListener("abort", giveUp));
}
