import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, it } from "node:test";

import { parse } from "yaml";
import { z } from "zod";

import { commonFlags, nmiFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";

const deploy = resolve(import.meta.dirname, "../../../../deploy");
const probe = z.object({ httpGet: z.object({ host: z.string(), path: z.string(), port: z.number() }) });
const schema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        hostNetwork: z.literal(true),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string() })),
            securityContext: z.object({
              allowPrivilegeEscalation: z.literal(false),
              privileged: z.undefined().optional(),
              capabilities: z.object({ drop: z.array(z.string()), add: z.array(z.string()) }),
            }),
            livenessProbe: probe,
            readinessProbe: probe,
          }),
        ]),
      }),
    }),
  }),
});
const daemonSet = schema.parse(parse(await readFile(resolve(deploy, "daemons/nmi.yaml"), "utf8")));
const { containers, serviceAccountName } = daemonSet.spec.template.spec;
const [container] = containers;
const flags = parseFlags("nmi", nmiFlags, container.args.slice(1));

describe("deploy/daemons/nmi.yaml", () => {
  it("runs podid nmi with flags that are there and do something, the redirect on", () => {
    assert.equal(container.args[0], "nmi");
    assert.deepEqual(flags.warnings, []);
    assert.equal(flags.get(nmiFlags.redirect), "auto");
    assert.deepEqual(
      container.env.map(({ name }) => name),
      ["NODE_NAME", "HOST_IP", "POD_NAME", "POD_NAMESPACE"],
    );
  });

  it("gives it the right to change the node's network, and no other", () => {
    assert.deepEqual(container.securityContext.capabilities, { drop: ["ALL"], add: ["NET_ADMIN"] });
    assert.equal(serviceAccountName, "podid-nmi");
  });

  it("asks it where it answers, for readiness what depends on the rules", () => {
    const at = {
      host: flags.get(commonFlags["probe-address"]),
      port: flags.get(commonFlags["http-probe-port"]),
    };
    assert.deepEqual(container.livenessProbe.httpGet, { ...at, path: "/healthz" });
    assert.deepEqual(container.readinessProbe.httpGet, { ...at, path: "/readyz" });
  });
});
