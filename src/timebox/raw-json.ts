declare global {
  interface JSON {
    /** ES2026; not yet in TypeScript's library. */
    rawJSON(text: string): RawJson;
  }
}

/** A value that `JSON.stringify` prints digit for digit. */
export interface RawJson {
  readonly rawJSON: string;
}

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

/** Whether Go's `time` can count this many nanoseconds: 1677-09-21 to 2262-04-11. */
export function fitsInt64(value: bigint): boolean {
  return minInt64 <= value && value <= maxInt64;
}

/** `value` as exact JSON: doubles lose digits above 2⁵³. Undefined beyond int64, as OPA answers there. */
export function exactJson(value: bigint | undefined): RawJson | undefined {
  return value === undefined || !fitsInt64(value) ? undefined : JSON.rawJSON(String(value));
}
