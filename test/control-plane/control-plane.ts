import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

import type { Api } from "./api.ts";
import { atExit, type Child, createChild } from "./children.ts";
import { adminGroups, createClients, type Identity } from "./clients.ts";
import { apiServerFlags, etcdFlags, type PlaneOptions } from "./flags.ts";
import { type Finished, runKubectl } from "./kubectl.ts";
import { type Authority, createAuthority, createServiceAccountKey } from "./pki.ts";
import { findFreePort } from "./ports.ts";
import { findProgram } from "./programs.ts";
import { waitFor } from "./wait.ts";

/** A kube-apiserver with its etcd, and nothing else: no controllers, no scheduler, no kubelet. */
export interface ControlPlane {
  readonly url: string;
  readonly etcdUrl: string;
  readonly caPem: string;
  /** The plane's own folder; it goes with `stop`. */
  readonly folder: string;
  /** A kubeconfig of a member of `system:masters`. */
  readonly adminKubeconfigPath: string;
  /** Writes a kubeconfig with a client certificate; answers its path. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** Runs kubectl, as admin unless a kubeconfig is given. */
  kubectl(args: readonly string[], options?: { kubeconfig?: string; stdin?: string }): Promise<Finished>;
  /** A client of its own, as admin unless told otherwise; closed by `stop`. */
  api(identity?: Identity): Api;
  /** Of kube-apiserver. */
  serverPid(): number;
  /** Kills kube-apiserver; etcd keeps the data. */
  crash(): Promise<void>;
  /** Starts a crashed kube-apiserver on the same port; resolves when it is ready. */
  restart(): Promise<void>;
  /** Resolves when kube-apiserver says that it is ready. */
  ready(): Promise<void>;
  /** Stops kube-apiserver as it is: connections stay, nobody answers. `thaw` lets it go on. */
  freeze(): Promise<void>;
  thaw(): void;
  killEtcd(): Promise<void>;
  /** Resolves when etcd answers; reads through the API server work some seconds later (see `ready`). */
  restartEtcd(): Promise<void>;
  /** The end of the API server's log, for a test that fails. */
  logTail(): string;
  /** Ends both and removes their data. */
  stop(): Promise<void>;
}

const startDeadlineMs = 120_000;

/**
 * Starts etcd and kube-apiserver on loopback with their own authority; resolves when the server is ready (2 to 4 s).
 * @throws Error when a program is missing or ends, with the end of its log.
 */
export async function startControlPlane(options: PlaneOptions = {}): Promise<ControlPlane> {
  const programs = { etcd: findProgram("etcd"), apiServer: findProgram("kube-apiserver") };
  const folder = await mkdtemp(join(tmpdir(), "podid-plane-"));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const forget = atExit(removeFolder);
  const authority = await createAuthority();
  await writeFiles(folder, authority, options);
  const etcdPort = await findFreePort();
  const apiPort = await findFreePort(etcdPort);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const etcd = createChild(programs.etcd, etcdFlags(folder, etcdUrl), join(folder, "etcd.log"));
  const serverFlags = apiServerFlags(folder, etcdUrl, apiPort, options);
  const server = createChild(programs.apiServer, serverFlags, join(folder, "kube-apiserver.log"));
  const plane = { url: `https://127.0.0.1:${apiPort}`, etcdUrl, caPem: authority.caPem, folder };
  const clients = createClients(plane, authority);
  const probe = clients.api("anonymous");
  const ready = async (): Promise<void> => {
    await answers(server, "kube-apiserver", async () => (await probe.get("/readyz")).status === 200);
  };
  const startEtcd = async (): Promise<void> => {
    etcd.start();
    await answers(etcd, "etcd", async () => (await fetch(`${etcdUrl}/health`)).ok);
  };
  const restart = async (): Promise<void> => {
    server.start();
    await ready();
  };
  const stop = async (): Promise<void> => {
    await clients.close();
    await Promise.all([server.kill(), etcd.kill()]);
    removeFolder();
    forget();
  };
  try {
    await startEtcd();
    await restart();
    // A background loop makes it, mostly before the server is ready.
    await waitFor(
      async () => (await clients.api().get("/api/v1/namespaces/default")).status === 200,
      "namespace default",
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const adminKubeconfigPath = await clients.kubeconfigFor("admin", adminGroups);
  return {
    ...plane,
    adminKubeconfigPath,
    kubeconfigFor: (user, groups) => clients.kubeconfigFor(user, groups),
    kubectl: (args, { kubeconfig = adminKubeconfigPath, stdin } = {}) =>
      runKubectl(folder, kubeconfig, args, stdin),
    api: (identity) => clients.api(identity),
    serverPid: () => server.pid(),
    crash: () => server.kill(),
    restart,
    ready,
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    killEtcd: () => etcd.kill(),
    restartEtcd: startEtcd,
    logTail: () => server.logTail(),
    stop,
  };
}

/** @throws Error with the end of its log when the program ends, or does not answer in time. */
async function answers(child: Child, program: string, asked: () => Promise<boolean>): Promise<void> {
  try {
    await waitFor(async () => !child.running() || (await asked()), `${program} answers`, startDeadlineMs);
  } catch (cause) {
    throw new Error(`${program} does not answer; its log ends:\n${child.logTail()}`, { cause });
  }
  if (!child.running()) throw new Error(`${program} ended; its log ends:\n${child.logTail()}`);
}

/** Starts a control plane before the tests of a file (or suite) and stops it after them; answers how to reach it. */
export function useControlPlane(options: PlaneOptions = {}): () => ControlPlane {
  let plane: ControlPlane | undefined;
  before(async () => {
    plane = await startControlPlane(options);
  });
  after(async () => {
    await plane?.stop();
  });
  return () => {
    if (plane === undefined) throw new Error("the control plane runs while tests run, not before");
    return plane;
  };
}

async function writeFiles(folder: string, authority: Authority, options: PlaneOptions): Promise<void> {
  const [serving, signing] = await Promise.all([authority.issueServer(), createServiceAccountKey()]);
  await mkdir(join(folder, "certs"));
  const tokens = (options.tokens ?? []).map(
    ({ token, user, groups = [] }) => `${token},${user},${user},"${groups.join(",")}"`,
  );
  const files = {
    "ca.crt": authority.caPem,
    "srv.crt": serving.certPem,
    "srv.key": serving.keyPem,
    "sa.pub": signing.publicPem,
    "sa.key": signing.privatePem,
    "tokens.csv": [...tokens, ""].join("\n"),
  };
  await Promise.all(
    Object.entries(files).map(([file, content]) => writeFile(join(folder, file), content, { mode: 0o600 })),
  );
}
