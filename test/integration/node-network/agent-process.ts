import { createServer } from "node:http";
import { once } from "node:events";

import { createNodeCommands } from "../../../src/cli/daemon/node-commands.ts";
import { removeNftRules } from "../../../src/nmi/redirect/nft-backend.ts";
import { removeIptablesRules } from "../../../src/nmi/redirect/iptables-backend.ts";
import type { RedirectMode } from "../../../src/nmi/redirect/choice.ts";
import { createNodeRules } from "../../../src/nmi/redirect/node-rules.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createLog } from "../../../src/runtime/log.ts";

/**
 * The node's side of an agent alone, as `podid nmi` has it: rules by the very same modules, and a server that
 * answers "agent". Hundreds of these are started and killed, for which all of podid would take too long.
 * Arguments: mode, address, port, and what comes first: rules or listening. Or `remove`.
 */
const [mode = "", address = "", port = "", first = ""] = process.argv.slice(2);
const commands = createNodeCommands(process.env["PATH"] ?? "");

if (mode === "remove") {
  await removeNftRules(commands);
  await removeIptablesRules(commands);
} else await serve(mode === "iptables" || mode === "auto" ? mode : "nft");

async function serve(backend: RedirectMode): Promise<void> {
  const clock = createSystemClock();
  const rules = createNodeRules({
    clock,
    log: createLog({ clock, level: "error", component: "agent" }),
    commands,
    terms: { metadata: { address: "169.254.169.254", port: 80 }, agent: { address, port: Number(port) } },
    mode: backend,
    checkEveryMs: 1000,
  });
  const server = createServer((_, response) => response.end("agent"));
  const listen = async (): Promise<void> => {
    server.listen(Number(port), address);
    await once(server, "listening");
  };
  if (first === "rules") {
    await rules.start();
    await listen();
  } else {
    await listen();
    await rules.start();
  }
  process.stdout.write(`${JSON.stringify({ what: rules.problem() ?? "installed" })}\n`);
  await once(process, "SIGTERM");
  await rules.close();
  server.closeAllConnections();
  server.close();
}
