export type AzureErrorCode =
  /** No such cloud, or one whose endpoints are not built in. */
  | "unknown-cloud"
  /** Entra refuses podid's own credential for good. */
  | "login-refused"
  /** Entra could not be asked, or asks to come again later. */
  | "login-unavailable";

/** A fault of configuration or of podid's own login. What Azure refuses to a pod is a value instead. */
export class AzureError extends Error {
  override readonly name = "AzureError";
  readonly code: AzureErrorCode;

  constructor(code: AzureErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
