import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { z } from "zod";

import { controllerFlags, nmiFlags } from "../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../src/cli/daemon/go-flags.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { usePodid } from "./cluster.ts";

const workloads = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        template: z.object({
          spec: z.object({
            serviceAccountName: z.string(),
            hostNetwork: z.boolean().optional(),
            containers: z.tuple([
              z.object({
                args: z.array(z.string()),
                ports: z.array(z.object({ containerPort: z.number() })).optional(),
                securityContext: z.object({
                  capabilities: z.object({ drop: z.array(z.string()), add: z.array(z.string()).optional() }),
                }),
              }),
            ]),
          }),
        }),
      }),
    }),
  ),
});

describe("the workloads", () => {
  const plane = usePodid();

  it("are taken by the API server as they are, with the exceptions", async () => {
    const folder = join(rootPath, "deploy", "daemons");
    const { code, stdout, stderr } = await plane().kubectl(["apply", "--server-side", "-k", folder]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(stdout.trim().split("\n").toSorted(), [
      "azurepodidentityexception.aadpodidentity.k8s.io/aks-addon-exception serverside-applied",
      "azurepodidentityexception.aadpodidentity.k8s.io/podid-controller serverside-applied",
      "daemonset.apps/podid-nmi serverside-applied",
      "deployment.apps/podid-controller serverside-applied",
      "poddisruptionbudget.policy/podid-controller serverside-applied",
    ]);
  });

  it("give flags that the daemons know, and NMI one right over its node and no port of it", async () => {
    const listed = await plane().kubectl([
      "get",
      "deployments,daemonsets",
      "-n",
      "podid-system",
      "-o",
      "json",
    ]);
    const found = workloads.parse(JSON.parse(listed.stdout)).items.map(({ metadata, spec }) => {
      const { serviceAccountName: account, hostNetwork = false, containers } = spec.template.spec;
      const [{ args, ports = [], securityContext }] = containers;
      const [command = "", ...flags] = args;
      parseFlags(command, command === "nmi" ? nmiFlags : controllerFlags, flags);
      const { drop, add = [] } = securityContext.capabilities;
      return { name: metadata.name, command, account, hostNetwork, hasPorts: ports.length > 0, drop, add };
    });
    assert.deepEqual(
      found.toSorted((a, b) => a.name.localeCompare(b.name)),
      [
        {
          name: "podid-controller",
          command: "controller",
          account: "podid-controller",
          hostNetwork: false,
          hasPorts: true,
          drop: ["ALL"],
          add: [],
        },
        {
          name: "podid-nmi",
          command: "nmi",
          account: "podid-nmi",
          hostNetwork: true,
          hasPorts: false,
          drop: ["ALL"],
          add: ["NET_ADMIN"],
        },
      ],
    );
  });
});
