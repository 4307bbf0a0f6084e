import { z } from "zod";

import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";

/** Whose token it is. */
interface ReviewedToken {
  readonly authenticated: true;
  /** `system:serviceaccount:<namespace>:<name>` for service accounts. */
  readonly username: string;
  /** Of the audiences asked for, those that the token is for; never empty. */
  readonly audiences: readonly string[];
  /** Null when the token belongs to no service account. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | null;
  /** The pod that the token is bound to; null for a token that is bound to none. */
  readonly pod: { readonly name: string; readonly uid: string } | null;
  /** Its node. `uid` is null when the cluster had no such Node; all is null for a pod that was not placed. */
  readonly node: { readonly name: string; readonly uid: string | null } | null;
}

/** A refusal. `detail` is the API server's reason, for the log. */
interface RefusedToken {
  readonly authenticated: false;
  readonly detail: string;
}

/** Asks the API server whose a service account token is. */
export interface TokenReviewer {
  /**
   * The API server remembers a yes for about 10 s: a token of a pod deleted meanwhile still passes. Where
   * that matters, compare `pod.uid` with the pods that exist.
   * @throws KubernetesError when there is no answer or no sense in it; nothing of the token is in it.
   */
  review(token: string, signal?: AbortSignal): Promise<ReviewedToken | RefusedToken>;
}

const path = "/apis/authentication.k8s.io/v1/tokenreviews";
const answer = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    error: z.string().default(""),
    audiences: z.array(z.string()).default([]),
    user: z
      .object({
        username: z.string().default(""),
        extra: z.record(z.string(), z.array(z.string())).default({}),
      })
      .optional(),
  }),
});
type Status = z.infer<typeof answer>["status"];

/** Makes a reviewer for tokens that are for one of `audiences` at least. */
export function createTokenReviewer(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly audiences: readonly [string, ...string[]];
}): TokenReviewer {
  const { api, audiences } = options;
  return {
    review: async (token, signal) => {
      const body = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences },
      };
      const call = { method: "POST", path, body, ...(signal === undefined ? {} : { signal }) } as const;
      const parsed = answer.safeParse(await api.call(call));
      // The answer repeats the token: nothing of it may go into the error.
      if (!parsed.success) throw new KubernetesError("Invalid", "the answer to a TokenReview has no sense");
      return judge(parsed.data.status, audiences);
    },
  };
}

function judge(status: Status, asked: readonly string[]): ReviewedToken | RefusedToken {
  const { authenticated, error, user } = status;
  if (!authenticated || user === undefined || user.username === "") {
    return { authenticated: false, detail: error === "" ? "the API server does not know the token" : error };
  }
  // A server that knows no audiences names none, and has then checked the token for itself only.
  const audiences = status.audiences.filter((audience) => asked.includes(audience));
  if (audiences.length === 0) return { authenticated: false, detail: "the token is for another audience" };
  const extra = (name: string): string | null =>
    user.extra[`authentication.kubernetes.io/${name}`]?.[0] ?? null;
  const [podName, podUid, nodeName] = [extra("pod-name"), extra("pod-uid"), extra("node-name")];
  return {
    authenticated: true,
    username: user.username,
    audiences,
    serviceAccount: serviceAccountOf(user.username),
    pod: podName === null || podUid === null ? null : { name: podName, uid: podUid },
    node: nodeName === null ? null : { name: nodeName, uid: extra("node-uid") },
  };
}

function serviceAccountOf(username: string): ReviewedToken["serviceAccount"] {
  const match = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/.exec(username);
  const { namespace, name } = match?.groups ?? {};
  return namespace === undefined || name === undefined ? null : { namespace, name };
}
