import type { Commands, Terms } from "./ports.ts";

/**
 * Makes the kernel forget the connections to the metadata address that were opened before the redirect: what comes
 * next on them is taken for new, redirected, and reset by an agent that knows nothing of it. Those that lead to an
 * agent are left alone, since a restart must not cut them: the real service answers in them from another address.
 * Answers what went wrong, or null; the guard cuts such connections anyway.
 */
export async function forgetConnections(commands: Commands, { metadata }: Terms): Promise<string | null> {
  const direct = ["--orig-dst", metadata.address, "--reply-src", metadata.address];
  const result = await commands.run("conntrack", ["-D", "-f", "ipv4", ...direct]);
  if (result.kind === "done") return null;
  if (result.kind === "missing") return "conntrack is not there";
  // How it says that there were none.
  return result.problem.includes("0 flow entries have been deleted") ? null : result.problem;
}
