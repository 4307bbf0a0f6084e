import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";

import { z } from "zod";

const run = promisify(execFile);
const look = `"${process.execPath}" "${join(import.meta.dirname, "look.ts")}" 10.0.0.5 10.0.0.6 fd00::5 10.0.0.7`;
const lookedAt = z.array(z.string().nullable());

/** A network of its own, with its own /sys; undefined where the machine does not allow that. */
async function inNamespace(script: string): Promise<readonly z.infer<typeof lookedAt>[] | undefined> {
  const namespace = ["--map-root-user", "--net", "--mount", "sh", "-ec"];
  const isAllowed = await run("unshare", [
    ...namespace,
    "mount -t sysfs none /sys && ip link add azv0 type veth peer name eth0",
  ])
    .then(() => true)
    .catch(() => false);
  if (!isAllowed) return undefined;
  const { stdout } = await run("unshare", [...namespace, `mount -t sysfs none /sys\n${script}`]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => lookedAt.parse(JSON.parse(line)));
}

/** As a network plugin makes one: an interface and a route of its own. */
const pod = (number: number): string =>
  `ip link add azv${number} type veth peer name eth${number}; ip link set azv${number} up; ip link set eth${number} up;
   ip route add 10.0.0.${number}/32 dev azv${number}; ip -6 route add fd00::${number}/128 dev azv${number}`;

describe("the node's network, as the kernel shows it", () => {
  it("tells a pod from the next one with its address and its interface's name", async (t) => {
    const seen = await inNamespace(
      `${pod(5)}\n${pod(6)}\n${look}\nip link del azv5\n${look}\n${pod(5)}\n${look}`,
    );
    if (seen === undefined) return t.skip("no network namespaces with veth here");
    const [before = [], between = [], after = []] = seen;
    assert.match(before[0] ?? "", /^azv5#\d+$/);
    assert.deepEqual([before[2], before[3]], [before[0], null]);
    assert.deepEqual(between, [null, before[1], null, null]);
    assert.match(after[0] ?? "", /^azv5#\d+$/);
    assert.notEqual(after[0], before[0]);
    assert.deepEqual(after, [after[0], before[1], after[0], null]);
    return undefined;
  });
});
