import type { Fields } from "./time-box.ts";

/** One question, and the cluster document it is asked about; all JSON. */
export interface SingleCase {
  readonly cluster: unknown;
  readonly input: unknown;
}

/**
 * Takes away fields and entries one after another, the biggest first, as long as the case still fails. `failing` judges
 * many cases at once, because each call may start a program.
 */
export async function smallestCase(
  start: SingleCase,
  failing: (cases: readonly SingleCase[]) => Promise<readonly boolean[]>,
): Promise<SingleCase> {
  let smallest = start;
  for (;;) {
    const smaller = withoutOnePart(smallest)
      .map((value) => ({ value, size: JSON.stringify(value).length }))
      .toSorted((a, b) => a.size - b.size)
      .map(({ value }) => value);
    const verdicts = await failing(smaller);
    const next = smaller[verdicts.indexOf(true)];
    if (next === undefined) return smallest;
    smallest = next;
  }
}

function withoutOnePart({ cluster, input }: SingleCase): readonly SingleCase[] {
  return [
    ...reductions(cluster).map((smaller) => ({ cluster: smaller, input })),
    ...reductions(input).map((smaller) => ({ cluster, input: smaller })),
  ];
}

/** Every value that lacks one field or entry of `value`, at any depth. */
function reductions(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((entry: unknown, index) => [
      value.toSpliced(index, 1),
      ...reductions(entry).map((smaller) => value.with(index, smaller)),
    ]);
  }
  if (!isFields(value)) return [];
  const entries = Object.entries(value);
  return [
    ...entries.map((_, index) => Object.fromEntries(entries.toSpliced(index, 1))),
    ...entries.flatMap(([key, part], index) =>
      reductions(part).map((smaller) => Object.fromEntries(entries.with(index, [key, smaller]))),
    ),
  ];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
