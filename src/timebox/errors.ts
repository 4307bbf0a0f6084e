/** Closed set of faults of this folder; odd input from policies or manifests is never one of them. */
export type TimeboxErrorCode = "InstantOutOfRange" | "ZoneAbbreviationUnknown";

/** A fault of the caller or a limit of the host; what people wrote is answered with `undefined` instead. */
export class TimeboxError extends Error {
  readonly code: TimeboxErrorCode;

  constructor(code: TimeboxErrorCode, message: string) {
    super(message);
    this.name = "TimeboxError";
    this.code = code;
  }
}
