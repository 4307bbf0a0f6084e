/** `nowMs` as a MicroTime: API servers refuse any other number of fraction digits than six. */
export function microTime(nowMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(nowMs).toString({ fractionalSecondDigits: 6 });
}
