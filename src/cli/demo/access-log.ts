import { z } from "zod";

import type { DestinationStream } from "../../runtime/log.ts";

const lineSchema = z.object({
  msg: z.literal("request served"),
  pod: z.string(),
  status: z.number(),
  reasons: z.array(z.string()),
  toldExp: z.number().optional(),
});

/** What NMI wrote about one request. */
export type ServedRequest = z.infer<typeof lineSchema>;

/** Takes the daemons' log lines and remembers each pod's last answered request. */
export interface AccessLog extends DestinationStream {
  lastOf(pod: string): ServedRequest | undefined;
}

/** Makes an empty one. */
export function createAccessLog(): AccessLog {
  const lastByPod = new Map<string, ServedRequest>();
  return {
    write: (text) => {
      const line = lineSchema.safeParse(JSON.parse(text));
      if (line.success) lastByPod.set(line.data.pod, line.data);
    },
    lastOf: (pod) => lastByPod.get(pod),
  };
}
