type RedirectErrorCode =
  /** The program is not on this machine. */
  | "missing"
  /** The program was there and did not do it: no right to, no support in the kernel, a rule it does not know. */
  | "failed";

/** The node's rules could not be put in place, or taken away. */
export class RedirectError extends Error {
  override readonly name = "RedirectError";
  readonly code: RedirectErrorCode;

  constructor(code: RedirectErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
