export type AzureErrorCode =
  /** No such cloud, or none named. */
  | "unknown-cloud"
  /** What podid was given as configuration of its own access is not usable. */
  | "config-invalid"
  /** Entra refuses podid's own credential for good. */
  | "login-refused"
  /** Entra could not be asked, or asks to come again later. */
  | "login-unavailable"
  /** ARM answered 429 not long ago; nothing was sent. */
  | "arm-paused"
  /** Another controller leads by now; nothing was sent. */
  | "lease-lost";

/** A fault of configuration or of podid's own login. What Azure refuses to a pod is a value instead. */
export class AzureError extends Error {
  override readonly name = "AzureError";
  readonly code: AzureErrorCode;
  /** When to try again, where that is known. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: AzureErrorCode,
    message: string,
    options: ErrorOptions & { readonly retryAfterSeconds?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}
