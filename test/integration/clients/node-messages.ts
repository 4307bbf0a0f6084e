import { z } from "zod";

import { podNames } from "./node-objects.ts";

/** What the test asks of the node's process. `id` comes back with the answer. */
export const orderSchema = z.discriminatedUnion("do", [
  z.strictObject({ id: z.int(), do: z.literal("assign"), pod: z.enum(podNames) }),
  z.strictObject({ id: z.int(), do: z.literal("release"), pod: z.enum(podNames) }),
  z.strictObject({ id: z.int(), do: z.literal("count-held") }),
]);
export type Order = z.infer<typeof orderSchema>;

/** One request as NMI's access log has it. */
const servedSchema = z.object({
  msg: z.literal("request served"),
  peer: z.string(),
  status: z.int(),
  outcome: z.string(),
  reasons: z.array(z.string()),
});
export type ServedLine = z.infer<typeof servedSchema>;

/** What the node's process says. */
export const reportSchema = z.discriminatedUnion("report", [
  z.strictObject({ report: z.literal("ready") }),
  z.object({
    report: z.literal("logged"),
    line: z.union([servedSchema, z.looseObject({ msg: z.string() })]),
  }),
  z.strictObject({ report: z.literal("done"), id: z.int(), held: z.int() }),
]);
export type Report = z.infer<typeof reportSchema>;

/** The line as one of a served request, or null. */
export function asServed(line: object): ServedLine | null {
  const parsed = servedSchema.safeParse(line);
  return parsed.success ? parsed.data : null;
}
