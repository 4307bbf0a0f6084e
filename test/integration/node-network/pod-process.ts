import { Agent, get, type RequestOptions } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs in the pod's network namespace and asks the metadata address on and on, by a connection of its own each time.
 * For each line on standard input it writes one: `probe` asks once more, `keep NAME` by a connection that is kept,
 * `direct ADDRESS:PORT` elsewhere. Each answer comes with whether the real service was seen since the line before.
 */
const metadata = {
  host: "169.254.169.254",
  port: 80,
  path: "/metadata/identity/oauth2/token",
  timeout: 1000,
};
const kept = new Map<string, Agent>();
let hasSeenReal = false;

/** The body, or what became of the request instead. */
function ask(options: RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ ...metadata, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(body)).on("error", () => resolve("cut"));
    });
    request.on("timeout", () => request.destroy(new Error("late")));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  }).then((answer) => {
    if (answer === "real") hasSeenReal = true;
    return String(answer);
  });
}

async function keepAsking(): Promise<never> {
  for (;;) {
    await ask({ agent: false });
    await sleep(10);
  }
}

async function obey(line: string): Promise<string> {
  const [verb = "", name = ""] = line.split(" ");
  if (verb === "direct") {
    const [host = "", port = ""] = name.split(":");
    return ask({ agent: false, host, port: Number(port) });
  }
  if (verb === "probe") return ask({ agent: false });
  const agent = kept.get(name) ?? new Agent({ keepAlive: true, maxSockets: 1 });
  kept.set(name, agent);
  return ask({ agent });
}

void keepAsking();
for await (const line of createInterface({ input: process.stdin })) {
  const seenBefore = hasSeenReal;
  hasSeenReal = false;
  const answer = await obey(line);
  process.stdout.write(`${JSON.stringify({ answer, hasSeenReal: seenBefore })}\n`);
}
process.exit();
