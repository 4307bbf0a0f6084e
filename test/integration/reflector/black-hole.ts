import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { ControlPlane } from "../../control-plane/control-plane.ts";

/** A road through another network namespace, whose link can be taken away so that every packet is lost. */
export interface BlackHole {
  readonly kubeconfig: string;
  /** From now on nothing arrives, and nobody says so. */
  close(): void;
  open(): void;
}

const far = "10.213.77.2";
const near = "10.213.77.1";

/** Runs in the namespace: hands what comes on to `near`. */
const relay = `
const net = require("node:net");
const [host, port] = process.argv.slice(1);
const server = net.createServer((one) => {
  const other = net.connect(Number(port), host);
  one.pipe(other).pipe(one);
  for (const socket of [one, other]) socket.on("error", () => { one.destroy(); other.destroy(); });
});
server.listen(0, "${far}", () => console.log(server.address().port));
`;

/** Why no namespace can be made here; null when one can. */
export function noNamespaces(): string | null {
  try {
    ip("netns", "add", "podid-probe");
    ip("netns", "del", "podid-probe");
    return null;
  } catch {
    return "needs root and the program ip, for a network namespace";
  }
}

/** Builds the road for one test. */
export async function useBlackHole(t: TestContext, plane: ControlPlane): Promise<BlackHole> {
  const namespace = `podid-${process.pid}`;
  const [inner, outer] = ["podid-in", "podid-out"];
  ip("netns", "add", namespace);
  t.after(() => ip("netns", "del", namespace));
  ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace);
  ip("address", "add", `${near}/30`, "dev", outer);
  ip("link", "set", outer, "up");
  ip("-n", namespace, "address", "add", `${far}/30`, "dev", inner);
  ip("-n", namespace, "link", "set", inner, "up");

  const { port: target } = new URL(plane.url);
  const back = createServer((one) => {
    const other = connect(Number(target), "127.0.0.1");
    one.pipe(other).pipe(one);
    for (const socket of [one, other]) {
      socket.on("error", () => void [one.destroy(), other.destroy()]);
    }
    t.after(() => void [one.destroy(), other.destroy()]);
  });
  back.listen(0, near);
  await once(back, "listening");
  t.after(() => back.close());
  const address = back.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  const args = ["netns", "exec", namespace, process.execPath, "-e", relay, near, String(address.port)];
  const child = spawn("ip", args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [port] = await once(child.stdout.setEncoding("utf8"), "data");
  const url = `https://${far}:${String(port).trim()}`;
  const config = JSON.parse(await readFile(plane.adminKubeconfigPath, "utf8"));
  for (const { cluster } of config.clusters) {
    cluster.server = url;
    // The server's certificate is for loopback only.
    delete cluster["certificate-authority-data"];
    delete cluster["certificate-authority"];
    cluster["insecure-skip-tls-verify"] = true;
  }
  const kubeconfig = join(plane.folder, "kubeconfig-black-hole.json");
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return {
    kubeconfig,
    close: () => ip("-n", namespace, "link", "set", inner, "down"),
    open: () => ip("-n", namespace, "link", "set", inner, "up"),
  };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
