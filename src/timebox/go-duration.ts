const nanosecondsPerUnit: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n], // U+00B5
  ["μs", 1_000n], // U+03BC
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const hoursPerExtendedUnit: ReadonlyMap<string, number> = new Map([
  ["d", 24],
  ["w", 7 * 24],
  ["y", 365 * 24],
]);
const limit = 2n ** 63n;

/**
 * Nanoseconds of a duration as OPA's `time.parse_duration_ns` reads it: Go's syntax (`1h30m`, `-1.5s`)
 * and OPA's `d`, `w` and `y` of 24, 168 and 8760 hours. Undefined when malformed or beyond int64.
 * Source: Go time.ParseDuration, OPA v1/topdown/time.go parseExtendedDuration.
 */
export function parseGoDuration(text: string): bigint | undefined {
  const plain = /[dwy]/.test(text) ? withoutExtendedUnits(text) : text;
  const [, sign, body] = /^([+-]?)(.+)$/s.exec(plain ?? "") ?? [];
  if (body === undefined) return undefined;
  const magnitude = body === "0" ? 0n : sumOfSegments(body);
  if (magnitude === undefined) return undefined;
  if (sign === "-") return -magnitude;
  return magnitude === limit ? undefined : magnitude;
}

function withoutExtendedUnits(text: string): string | undefined {
  if (!/^[+-]?(?:[\d.]+(?:ms|us|µs|ns|[a-z]))+$/.test(text)) return undefined;
  let malformed = false;
  const plain = text.replace(/([\d.]+)([dwy])/g, (_segment, digits: string, unit: string) => {
    const hours = Number(digits) * (hoursPerExtendedUnit.get(unit) ?? Number.NaN);
    malformed ||= !Number.isFinite(hours);
    return `${plainDecimal(hours)}h`;
  });
  return malformed ? undefined : plain;
}

/** Decimal text without exponent, like Go's FormatFloat(x, 'f', -1, 64); large values overflow later anyway. */
function plainDecimal(value: number): string {
  const [digits = "", exponent] = String(value).split("e-");
  return exponent === undefined ? digits : `0.${"0".repeat(Number(exponent) - 1)}${digits.replace(".", "")}`;
}

function sumOfSegments(body: string): bigint | undefined {
  const segment = /(\d*)(?:\.(\d*))?([^\d.]+)/y;
  let total = 0n;
  while (segment.lastIndex < body.length) {
    const [, whole = "", fraction = "", unitName = ""] = segment.exec(body) ?? [];
    const unit = nanosecondsPerUnit.get(unitName);
    if (unit === undefined || whole + fraction === "") return undefined;
    const amount = BigInt(whole) * unit;
    // Go checks each step for overflow of uint64 at 2⁶³; all steps grow, so the last one tells.
    total += amount + fractionOf(fraction, unit);
    if (total > limit) return undefined;
  }
  return total;
}

/** Go's arithmetic, rounding included: digits beyond int64 are ignored, the product is a truncated double. */
function fractionOf(digits: string, unit: bigint): bigint {
  let numerator = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = numerator * 10n + BigInt(digit);
    if (numerator > (limit - 1n) / 10n || next > limit) break;
    numerator = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(numerator) * (Number(unit) / scale)));
}
