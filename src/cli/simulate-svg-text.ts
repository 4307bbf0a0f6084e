/** Font sizes in pixels. One fixed pitch throughout, so that widths are known without a browser. */
export const fontSizes = { title: 16, pod: 13, label: 12, note: 10 } as const;
export type FontClass = keyof typeof fontSizes;

/** Widest of the usual fixed-pitch fonts, in parts of the font size. */
const pitch = 0.61;

/** The width of `text` in pixels. */
export function widthOf(text: string, font: FontClass): number {
  return Array.from(text).length * fontSizes[font] * pitch;
}

/** `text` shortened in the middle to fit into `width` pixels: names differ at both ends. */
export function elide(text: string, width: number, font: FontClass): string {
  if (widthOf(text, font) <= width) return text;
  const letters = Array.from(text);
  const kept = Math.max(0, Math.floor(width / (fontSizes[font] * pitch)) - 1);
  const tail = Math.floor(kept / 2);
  return `${letters.slice(0, kept - tail).join("")}…${letters.slice(letters.length - tail).join("")}`;
}

/** One SVG element; attributes are escaped, numbers rounded to a tenth, `content` is taken as it is. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = "",
): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === "number" ? rounded(value) : escapeText(value);
    return ` ${key}="${text}"`;
  });
  return content === ""
    ? `<${name}${written.join("")}/>`
    : `<${name}${written.join("")}>${content}</${name}>`;
}

/** Pixels to a tenth: enough for the eye, and the same text everywhere. */
export function rounded(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

/** Text that stands at `x` on the base line `y`; `hint` is its tooltip. */
export function textAt(
  text: string,
  place: { readonly x: number; readonly y: number; readonly anchor?: "start" | "middle" | "end" },
  style: { readonly font: FontClass; readonly color: string; readonly hint?: string },
): string {
  const { x, y, anchor = "start" } = place;
  const attributes = { x, y, class: style.font, "text-anchor": anchor, fill: style.color };
  const hint = style.hint === undefined ? "" : tooltip(style.hint);
  return element("text", attributes, `${hint}${escapeText(text)}`);
}

/** What a viewer shows while the pointer rests on the element around it. */
export function tooltip(text: string): string {
  return `<title>${escapeText(text)}</title>`;
}

/** Text for XML 1.0, which has no way to write most control characters: those become U+FFFD. */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/(?![\t\n\r])\p{Cc}|[\u{FFFE}\u{FFFF}]/gu, "\u{FFFD}")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A line of text from `left` to `right`, in pixels; answers whether a stretch is free there, and takes it. */
export type Row = (from: number, to: number) => boolean;

/** An empty row. */
export function createRow(left: number, right: number): Row {
  const taken: (readonly [number, number])[] = [];
  return (from, to) => {
    const isFree = left <= from && to <= right && taken.every(([start, end]) => to <= start || end <= from);
    if (isFree) taken.push([from, to]);
    return isFree;
  };
}
