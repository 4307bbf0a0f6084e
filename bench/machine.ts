import { cpus, totalmem } from "node:os";

/** The machine that figures were taken on. */
export function machineLine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const versions = `Node ${process.versions.node}, tz ${process.versions["tz"] ?? "unknown"}`;
  return `machine   ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${memory}, ${versions}`;
}
