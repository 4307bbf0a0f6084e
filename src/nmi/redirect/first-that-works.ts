import { RedirectError } from "./errors.ts";

interface Found<W, T> {
  /** Null when none works. */
  readonly found: { readonly way: W; readonly result: T } | null;
  /** Why those before it do not. */
  readonly problems: readonly string[];
}

/** Tries `ways` in their order until one works. Rejects with what is no RedirectError. */
export async function firstThatWorks<W, T>(
  ways: readonly W[],
  attempt: (way: W) => Promise<T>,
): Promise<Found<W, T>> {
  const problems: string[] = [];
  for (const way of ways) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the second is for when the first does not work
      return { found: { way, result: await attempt(way) }, problems };
    } catch (error) {
      if (!(error instanceof RedirectError)) throw error;
      problems.push(error.message);
    }
  }
  return { found: null, problems };
}
