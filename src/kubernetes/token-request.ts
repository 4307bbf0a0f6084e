import { z } from "zod";

import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";

/** For whom, and for what, a token is to be. */
export interface TokenTerms {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The token ends with this very pod. */
  readonly pod: { readonly name: string; readonly uid: string };
  readonly audience: string;
  /** 600 at least; the API server may give less or more. */
  readonly expirationSeconds: number;
  readonly signal?: AbortSignal;
}

interface ServiceAccountToken {
  readonly token: string;
  /** Unix time. */
  readonly expiresAtMs: number;
}

/** Gets tokens of service accounts, for one audience and bound to a pod, from the API server. */
export interface TokenRequester {
  /**
   * @throws KubernetesError `Conflict` when the pod has another uid, `NotFound` when it or the account is
   *   gone, `Invalid` when it runs under another account or the terms are refused, `Forbidden`, `Unreachable`.
   */
  request(terms: TokenTerms): Promise<ServiceAccountToken>;
}

const answer = z.object({
  status: z.object({ token: z.string().min(1), expirationTimestamp: z.iso.datetime({ offset: true }) }),
});

/** Makes a requester; each call is one request, nothing is kept. */
export function createTokenRequester(api: Pick<KubernetesApi, "call">): TokenRequester {
  return {
    request: async ({ namespace, serviceAccount, pod, audience, expirationSeconds, signal }) => {
      const [space, account] = [namespace, serviceAccount].map(encodeURIComponent);
      const parsed = answer.safeParse(
        await api.call({
          method: "POST",
          path: `/api/v1/namespaces/${space}/serviceaccounts/${account}/token`,
          body: {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: {
              audiences: [audience],
              expirationSeconds,
              boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid },
            },
          },
          ...(signal === undefined ? {} : { signal }),
        }),
      );
      // Not even the parser's complaint goes into the error: it may quote the token.
      if (!parsed.success) throw new KubernetesError("Invalid", "the answer to a TokenRequest has no sense");
      const { token, expirationTimestamp } = parsed.data.status;
      return { token, expiresAtMs: Temporal.Instant.from(expirationTimestamp).epochMilliseconds };
    },
  };
}
