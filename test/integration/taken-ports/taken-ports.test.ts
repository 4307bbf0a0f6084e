import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { findFreePort } from "../../control-plane/ports.ts";
import { startPodid } from "../podid.ts";

describe("podid nmi that is told to stop while it waits", () => {
  const rows = [
    { waitsFor: "probes and metrics", flag: "--http-probe-port" },
    { waitsFor: "tokens", flag: "--nmi-port" },
  ] as const;
  for (const { waitsFor, flag } of rows) {
    it(`for the port of its ${waitsFor} ends with 0 and without an error`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), "podid-taken-"));
      t.after(() => rm(folder, { recursive: true }));
      // It shares its port with nobody, as aad-pod-identity's NMI.
      const port = await findFreePort();
      const other = createServer().listen(port, "127.0.0.1");
      t.after(() => void other.close());
      await once(other, "listening");
      const nmi = startPodid(
        "nmi",
        `--manifests=${folder}`,
        "--node=n1",
        "--probe-address=127.0.0.1",
        "--nmi-listen-address=127.0.0.1",
        "--http-probe-port=0",
        "--prometheus-port=0",
        "--nmi-port=0",
        `${flag}=${port}`,
      );
      assert.match(
        await nmi.readUntil("a port is taken; waiting for it"),
        new RegExp(`"purpose":"${waitsFor}"`),
      );
      assert.deepEqual(await nmi.stop(), { exitCode: 0, stderr: "" });
    });
  }
});
