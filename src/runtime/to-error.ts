/** Wraps whatever was thrown into an Error, so that handlers need not guess its shape. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === "string" ? thrown : "a value that is no Error was thrown", {
    cause: thrown,
  });
}
