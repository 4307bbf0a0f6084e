/** Where in an object: names of fields and positions in lists. */
export type FieldPath = readonly (string | number)[];

/** What is wrong at one place of one object. */
export interface Finding {
  readonly path: FieldPath;
  readonly message: string;
}

/** One line for the person who wrote the manifest. A notice only informs; nothing is wrong. */
export interface Problem {
  readonly severity: "problem" | "notice";
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Such as `spec.timeBox.windows[0].weekdays`; empty when the whole file or document is meant. */
  readonly field: string;
  readonly message: string;
}

/** `file:line: field: message`, without the field when there is none. */
export function renderProblem({ file, line, field, message }: Problem): string {
  return `${file}:${line}: ${field === "" ? "" : `${field}: `}${message}`;
}

/** `spec.windows[0]`; names that hold other characters are quoted, as in `labels["a.b/c"]`. */
export function formatPath(path: FieldPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** The path that a text such as `spec.windows[0].times` means; quoted names are not understood. */
export function parsePath(field: string): FieldPath {
  return [...field.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([whole, position]) =>
    position === undefined ? whole : Number(position),
  );
}
