import { Pool } from "undici";

/** What the API server answered; `body` is parsed JSON, or text where it is none. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export type PatchKind = "merge" | "json" | "strategic";

/** Requests with one user's credentials. Paths start with `/api` or `/apis`; no answer of the server throws. */
export interface Api {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, body: unknown, kind?: PatchKind): Promise<Answer>;
  delete(path: string, body?: unknown): Promise<Answer>;
  /** Server-side apply, as field manager `podid-test` and with force. */
  apply(path: string, body: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** How a client shows who it is; nothing at all is anonymous. */
export interface ClientCredential {
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly token?: string;
}

const patchTypes: Readonly<Record<PatchKind, string>> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
};
const deadlineMs = 30_000;

/** A client for tests; `credential` is asked once, with the first request. */
export function createApi(url: string, caPem: string, credential: () => Promise<ClientCredential>): Api {
  let connection: Promise<{ pool: Pool; headers: Record<string, string> }> | undefined;
  const connect = async (): Promise<{ pool: Pool; headers: Record<string, string> }> => {
    const { certPem, keyPem, token } = await credential();
    const client = certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem };
    return {
      pool: new Pool(url, { allowH2: false, connections: 8, connect: { ca: caPem, ...client } }),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    };
  };
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
  ): Promise<Answer> => {
    connection ??= connect();
    const { pool, headers } = await connection;
    const response = await pool.request({
      method,
      path,
      headers: { ...headers, accept: "*/*", ...(body === undefined ? {} : { "content-type": type }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(deadlineMs),
    });
    return { status: response.statusCode, body: parse(await response.body.text()) };
  };
  return {
    get: (path) => send("GET", path),
    post: (path, body) => send("POST", path, body),
    put: (path, body) => send("PUT", path, body),
    patch: (path, body, kind = "merge") => send("PATCH", path, body, patchTypes[kind]),
    delete: (path, body) => send("DELETE", path, body),
    apply: (path, body) =>
      send("PATCH", `${path}?fieldManager=podid-test&force=true`, body, "application/apply-patch+yaml"),
    close: async () => {
      await (await connection)?.pool.destroy();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The body of an answer that succeeded. @throws Error with the server's own words otherwise. */
export async function succeed(answer: Answer | Promise<Answer>): Promise<unknown> {
  const { status, body } = await answer;
  if (status >= 200 && status < 300) return body;
  throw new Error(`the API server answered ${status}: ${JSON.stringify(at(body, "message") ?? body)}`);
}

/** The value at a path inside parsed JSON, or undefined. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? Object.getOwnPropertyDescriptor(inner, key)?.value
        : undefined,
    value,
  );
}

/** The text at a path inside parsed JSON. @throws Error when there is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found === "string") return found;
  throw new Error(`no text at ${path.join(".")} of ${JSON.stringify(value)}`);
}

/** The list at a path inside parsed JSON. @throws Error when there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found: unknown = at(value, ...path);
  if (Array.isArray(found)) return found;
  throw new Error(`no list at ${path.join(".")} of ${JSON.stringify(value)}`);
}
