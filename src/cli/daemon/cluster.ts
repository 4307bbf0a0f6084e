import { CommandError } from "../errors.ts";
import type { LeaseOptions, OpenSource, SourceOptions } from "./source.ts";

export async function openCluster(
  _options: SourceOptions,
  _how: { kubeconfig: string; node: string | null; lease: LeaseOptions | null; component: string },
): Promise<OpenSource> {
  throw new CommandError(3, "not yet");
}
