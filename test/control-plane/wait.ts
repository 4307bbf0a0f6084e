import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 25;

/**
 * Asks again and again until `condition` answers something else than undefined or false, and answers that.
 * A condition that throws is asked again too.
 * @throws Error after `deadlineMs`, naming `description` and what the last try threw.
 */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  description: string,
  deadlineMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${description}`, { cause });
    await sleep(pauseMs);
  }
}
