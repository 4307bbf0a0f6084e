import { toError } from "../../runtime/to-error.ts";
import { CommandError } from "../errors.ts";
import { whenFree, type Waiting } from "./when-free.ts";

/**
 * Listens at the token port as soon as it is free; null when it is told to stop before that.
 * @throws CommandError 3 when that takes more than 10 s, or for another reason than that the port is taken.
 */
export async function listenInTurn<T>(waiting: Waiting, listen: () => Promise<T>): Promise<T | null> {
  try {
    return await whenFree(waiting, "tokens", listen);
  } catch (cause) {
    const problem = toError(cause).message;
    throw new CommandError(3, `podid nmi: the token port cannot be served: ${problem}`, { cause });
  }
}
