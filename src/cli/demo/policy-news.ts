import { z } from "zod";

import type { DestinationStream } from "../../runtime/log.ts";
import { policyMessages } from "../policy-source.ts";

const lineSchema = z.discriminatedUnion("msg", [
  z.object({
    msg: z.literal(policyMessages.loaded),
    file: z.string(),
    revision: z.string(),
    digest: z.string(),
  }),
  z.object({ msg: z.literal(policyMessages.refused), file: z.string(), reason: z.string(), fix: z.string() }),
]);

/** Takes the daemons' log lines and prints those that say what became of a new policy bundle. */
export function createPolicyNews(print: (text: string) => void): DestinationStream {
  return {
    write: (text) => {
      const line = lineSchema.safeParse(JSON.parse(text));
      if (line.success) print(newsOf(line.data));
    },
  };
}

function newsOf(line: z.infer<typeof lineSchema>): string {
  if (line.msg === policyMessages.refused) {
    return `policy refused, the last good one serves on: ${line.reason}; ${line.fix}`;
  }
  const revision = line.revision === "" ? "unnamed" : line.revision;
  return `policy taken over: revision ${revision} (${line.digest.slice(0, 19)}) of ${line.file} serves from now on`;
}
