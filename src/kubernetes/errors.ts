/** What can be wrong with a store of Kubernetes objects; closed, so that callers can switch over it. */
export type KubernetesErrorCode =
  /** A CustomResourceDefinition is missing or cannot be understood. */
  | "InvalidCrd"
  /** The manifests directory cannot be read. */
  | "DirectoryUnreadable"
  /** An object of this kind and key is there already. */
  | "AlreadyExists"
  /** There is no object of this kind and key. */
  | "NotFound";

/** A fault of a resource source. Refusals of manifests are values (`Problem`), not errors. */
export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  readonly code: KubernetesErrorCode;

  constructor(code: KubernetesErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
