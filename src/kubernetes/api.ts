import type { JsonValue } from "./json.ts";

/** A media type that a write's body may have; PATCH needs one, everything else is plain JSON. */
type BodyType =
  | "application/json"
  | "application/merge-patch+json"
  | "application/json-patch+json"
  /** Server-side apply; the body is JSON, which is YAML too. */
  | "application/apply-patch+yaml";

/** One request with one answer. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root of the server, every segment encoded already: `/api/v1/namespaces/shop/pods/web-0`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly bodyType?: BodyType;
  /** After this long the call fails with `Unreachable`; 10 s unless said otherwise. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Lets all other calls go first where connections are few: for what nobody waits for. */
  readonly yields?: boolean;
  /**
   * Asked when the wait for one's turn and for a connection is over, right before the request goes out. When it throws,
   * nothing is sent, and the call fails with what it threw as the cause.
   */
  readonly beforeSend?: () => void;
}

/** A request whose answer is a stream of lines, each one JSON text, until either side ends it. */
export interface ApiWatch {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** An API server, as the parts of this folder need it; `createApiClient` makes one. */
export interface KubernetesApi {
  /**
   * Answers the parsed JSON body of any answer below 400; undefined when it has none. Reads are repeated
   * within the deadline as the server asks for it (429, 503 with Retry-After); writes never are.
   * @throws KubernetesError, by status and with `retryAfterMs` where the server gave one; the reason of
   *   `signal` when it aborts.
   */
  call(call: ApiCall): Promise<JsonValue | undefined>;
  /**
   * Opens a watch on a connection of its own and answers its lines, torn ones left out. Returns at once with the
   * stream once the server has answered 200; ending the iteration, or aborting, destroys the socket.
   * @throws KubernetesError as `call` does; while iterating too, when the connection breaks.
   */
  watch(watch: ApiWatch): Promise<AsyncIterable<string>>;
  /** Milliseconds by which the server's clock is ahead of ours, from the latest answer's Date; null before one. */
  clockSkewMs(): number | null;
  /** Ends all connections; what is under way fails. */
  close(): Promise<void>;
}
