/** Keys one behind the other: first in, first out. */
export interface Line {
  push(key: string): void;
  /** Takes out keys until one `isValid`, and answers that; undefined when there is none. */
  shift(isValid: (key: string) => boolean): string | undefined;
}

/**
 * An empty line. It is not made of a Map's keys: those are in order too, but to find the first one V8
 * passes by all that were deleted before it.
 */
export function createLine(): Line {
  let keys: string[] = [];
  let head = 0;
  const next = (): string | undefined => {
    const key = keys[head];
    head += 1;
    if (head < keys.length / 2) return key;
    keys = keys.slice(head);
    head = 0;
    return key;
  };
  return {
    push: (key) => void keys.push(key),
    shift: (isValid) => {
      let key = next();
      while (key !== undefined && !isValid(key)) key = next();
      return key;
    },
  };
}
