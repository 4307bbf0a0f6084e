/** What can be wrong with a store of Kubernetes objects; closed, so that callers can switch over it. */
export type KubernetesErrorCode =
  /** A CustomResourceDefinition is missing or cannot be understood. */
  | "InvalidCrd"
  /** The manifests directory cannot be read. */
  | "DirectoryUnreadable"
  /** The kubeconfig, or the files of a pod's service account, do not say how to reach a server. */
  | "ConfigUnusable"
  /** An object of this kind and key is there already (409). */
  | "AlreadyExists"
  /** There is no object, or no kind, of this name (404). */
  | "NotFound"
  /** The object changed since it was read, or another manager owns the field (409). */
  | "Conflict"
  /** The server does not have the state of this resourceVersion or continue token any more (410), or not yet (504). */
  | "Expired"
  /** The server does not know who we are (401). */
  | "Unauthorized"
  /** RBAC or an admission policy says no (403). */
  | "Forbidden"
  /** The server refuses the content (400, 415, 422; 500 by server-side apply). */
  | "Invalid"
  /** Asked to come back later (429). */
  | "Throttled"
  /** No answer in time, a broken connection, or one of 5xx: the outcome of a write is unknown. */
  | "Unreachable";

/** A fault of a resource source. Refusals of manifests are values (`Problem`), not errors. */
export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  readonly code: KubernetesErrorCode;
  /** How long the server asked us to stay away; null when it did not. */
  readonly retryAfterMs: number | null;

  constructor(
    code: KubernetesErrorCode,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
