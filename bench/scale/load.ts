import { type Api, succeed } from "../../test/control-plane/api.ts";

const writers = 16;

/** Makes the objects, some at a time; rejects with the first failure. */
export async function createAll(
  api: Api,
  path: string | ((body: object) => string),
  bodies: readonly object[],
): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      await succeed(api.post(typeof path === "string" ? path : path(body), body));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}
