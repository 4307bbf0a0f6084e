export type EngineErrorCode =
  | "BundleUnreadable"
  | "BundleIncomplete"
  | "BuiltinMissing"
  | "EntrypointMissing"
  | "SelfCheckFailed"
  | "DataRefused"
  | "EvaluationFailed"
  | "DeadlineExceeded"
  | "Quarantined"
  | "InstanceLost"
  | "HandoverFailed"
  | "Unavailable";

/** A fault of bundle, module or data; a refusal by the policy is never an error. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "EngineError";
    this.code = code;
  }
}
