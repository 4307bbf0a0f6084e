import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { connectByKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import { connectAsServiceAccount } from "../../../src/kubernetes/service-account.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { folderWith } from "./manifest-fixtures.ts";

const files = { token: "first\n", "ca.crt": "authority one", namespace: "podid-system" };

describe("the way from inside a pod", () => {
  it("needs both variables and all three files, and names what is missing", async (t) => {
    const clock = createSimulatedClock(0);
    const directory = await folderWith(t, files);
    const inPod = { clock, host: "10.0.0.1", port: "443", directory };
    await assert.rejects(connectAsServiceAccount({ ...inPod, host: undefined }), {
      code: "ConfigUnusable",
      message: /KUBERNETES_SERVICE_HOST/,
    });
    await rm(join(directory, "token"));
    await assert.rejects(connectAsServiceAccount(inPod), {
      code: "ConfigUnusable",
      message: /token cannot be read/,
    });
    await writeFile(join(directory, "token"), " \n");
    await assert.rejects(connectAsServiceAccount(inPod), { code: "ConfigUnusable", message: /it is empty/ });
  });

  it("writes IPv6 addresses as URLs do", async (t) => {
    const directory = await folderWith(t, files);
    const clock = createSimulatedClock(0);
    const connection = await connectAsServiceAccount({ clock, host: "fd00::1", port: "443", directory });
    assert.equal(connection.url, "https://[fd00::1]:443");
    assert.equal(connection.namespace, "podid-system");
  });

  it("reads the token again after a minute, and at once when it was refused; a file that is away does not harm", async (t) => {
    const directory = await folderWith(t, files);
    const clock = createSimulatedClock(0);
    const connection = await connectAsServiceAccount({ clock, host: "10.0.0.1", port: "443", directory });
    assert.equal(await connection.authorization(false), "Bearer first");
    await writeFile(join(directory, "token"), "second\n");
    clock.advance(60_000);
    assert.equal(await connection.authorization(false), "Bearer first");
    assert.equal(await connection.authorization(true), "Bearer second");
    await writeFile(join(directory, "token"), "third");
    clock.advance(60_001);
    assert.equal(await connection.authorization(false), "Bearer third");
    await rm(join(directory, "token"));
    assert.equal(await connection.authorization(true), "Bearer third");
  });

  it("answers other TLS settings only when the authority has changed", async (t) => {
    const directory = await folderWith(t, files);
    const clock = createSimulatedClock(0);
    const connection = await connectAsServiceAccount({ clock, host: "10.0.0.1", port: "443", directory });
    const tls = await connection.tls();
    assert.equal(tls.ca, "authority one");
    clock.advance(60_001);
    assert.equal(await connection.tls(), tls);
    await writeFile(join(directory, "ca.crt"), "authority two");
    clock.advance(60_001);
    assert.deepEqual(await connection.tls(), { ca: "authority two" });
  });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function kubeconfig(user: object | undefined, cluster: object = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    clusters: [
      {
        name: "c",
        cluster: { server: "https://10.0.0.1:6443/", "certificate-authority-data": base64("CA"), ...cluster },
      },
    ],
    users: user === undefined ? [] : [{ name: "u", user }],
    contexts: [
      { name: "here", context: { cluster: "c", user: "u", namespace: "shop" } },
      { name: "bare", context: { cluster: "c", user: "u" } },
      { name: "lost", context: { cluster: "none", user: "u" } },
    ],
  });
}

async function connect(t: TestContext, text: string, context?: string) {
  const directory = await folderWith(t, { config: text, "secrets/token": "from a file\n" });
  const clock = createSimulatedClock(0);
  const named = context === undefined ? {} : { context };
  return {
    directory,
    clock,
    connection: await connectByKubeconfig({ clock, path: join(directory, "config"), ...named }),
  };
}

describe("the way of a kubeconfig", () => {
  it("gives server, authority, certificate and namespace, the same TLS settings each time", async (t) => {
    const certificate = { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") };
    const { connection } = await connect(t, kubeconfig(certificate));
    assert.deepEqual([connection.url, connection.namespace], ["https://10.0.0.1:6443", "shop"]);
    const tls = await connection.tls();
    assert.deepEqual([String(tls.ca), String(tls.cert), String(tls.key)], ["CA", "CERT", "KEY"]);
    assert.equal(await connection.tls(), tls);
    assert.equal(await connection.authorization(false), null);
  });

  it("gives a token, trimmed", async (t) => {
    const { connection } = await connect(t, kubeconfig({ token: "secret\n" }), "bare");
    assert.equal(await connection.authorization(false), "Bearer secret");
    assert.equal(connection.namespace, "default");
  });

  it("reads a token file, which client-node would pass over, relative to the kubeconfig", async (t) => {
    const { connection, directory } = await connect(t, kubeconfig({ tokenFile: "secrets/token" }));
    assert.equal(await connection.authorization(false), "Bearer from a file");
    await writeFile(join(directory, "secrets/token"), "renewed");
    assert.equal(await connection.authorization(true), "Bearer renewed");
  });

  it("runs an exec plugin", async (t) => {
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "made" },
    };
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", `console.log(${JSON.stringify(JSON.stringify(credential))})`],
      interactiveMode: "Never",
    };
    const { connection } = await connect(t, kubeconfig({ exec }));
    assert.equal(await connection.authorization(false), "Bearer made");
  });

  for (const [what, text, message, context] of [
    ["nobody's credentials", kubeconfig({}), /neither a certificate nor a token/],
    ["a user that is not there", kubeconfig(undefined), /names no user/],
    ["a context without cluster", kubeconfig({ token: "t" }), /names no cluster/, "lost"],
    ["a proxy", kubeconfig({ token: "t" }, { "proxy-url": "http://proxy:3128" }), /proxy-url/],
    ["impersonation", kubeconfig({ token: "t", as: "somebody" }), /impersonation/],
    ["a password", kubeconfig({ username: "u", password: "p" }), /passwords/],
    [
      "an exec plugin that is not there",
      kubeconfig({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/nonexistent/plugin" } }),
      /credentials cannot be had/,
    ],
    ["a token file that is not there", kubeconfig({ tokenFile: "nowhere" }), /nowhere cannot be read/],
    ["no YAML", "{", /cannot be read/],
  ] as const) {
    it(`refuses ${what} with one line`, async (t) => {
      await assert.rejects(connect(t, text, context), (error: Error & { code?: string }) => {
        assert.equal(error.code, "ConfigUnusable");
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("refuses a file that is not there", async () => {
    const clock = createSimulatedClock(0);
    await assert.rejects(connectByKubeconfig({ clock, path: "/nonexistent/config" }), {
      code: "ConfigUnusable",
      message: /^\/nonexistent\/config cannot be read/,
    });
  });
});
