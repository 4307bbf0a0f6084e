export type EmulatorErrorCode = "not-loopback" | "invalid-state" | "not-listening" | "already-started";

/** A fault of whoever drives the emulator; what a client of the emulated Azure did wrong is an HTTP answer. */
export class EmulatorError extends Error {
  override readonly name = "EmulatorError";
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
