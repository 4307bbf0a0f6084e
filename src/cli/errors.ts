/** DESIGN §5: 0 done, 1 refused or difference found, 2 wrong use, 3 cannot reach something. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Ends a command: `message` goes to standard error as it is, line by line. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}
