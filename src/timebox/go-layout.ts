/**
 * The elements of a Go layout, which is the time `Mon Jan 2 15:04:05 MST 2006` written as wanted.
 * Source: Go time.nextStdChunk.
 */
const layoutElement =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm|[-Z]07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?!\d)/g;

/** Layouts that OPA knows by name (v1/topdown/time.go acceptedTimeFormats). */
const namedLayouts: ReadonlyMap<string, string> = new Map([
  ["ANSIC", "Mon Jan _2 15:04:05 2006"],
  ["UnixDate", "Mon Jan _2 15:04:05 MST 2006"],
  ["RubyDate", "Mon Jan 02 15:04:05 -0700 2006"],
  ["RFC822", "02 Jan 06 15:04 MST"],
  ["RFC822Z", "02 Jan 06 15:04 -0700"],
  ["RFC850", "Monday, 02-Jan-06 15:04:05 MST"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"],
  ["RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"],
  ["RFC3339", "2006-01-02T15:04:05Z07:00"],
  ["RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"],
]);

export const monthNames: readonly string[] = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** As Temporal counts: `dayNames[dayOfWeek - 1]`. */
export const dayNames: readonly string[] = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
];

/** One step through a layout: the literal text, then the element, which is empty after the last text. */
export interface LayoutPart {
  readonly text: string;
  readonly element: string;
}

/** Cuts a layout, or one of OPA's names for a layout, into its parts; the last part has no element. */
export function layoutParts(nameOrLayout: string): readonly LayoutPart[] {
  const layout = namedLayouts.get(nameOrLayout) ?? nameOrLayout;
  const parts: LayoutPart[] = [];
  let end = 0;
  for (const match of layout.matchAll(layoutElement)) {
    parts.push({ text: layout.slice(end, match.index), element: match[0] });
    end = match.index + match[0].length;
  }
  return [...parts, { text: layout.slice(end), element: "" }];
}
