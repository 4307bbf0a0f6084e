import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import { shippedFiles } from "../../../src/cli/paths.ts";
import { readShippedAdmission } from "../../../src/kubernetes/served-admission-object.ts";
import { admissionRemedy, readVouching, type Vouching } from "../../../src/kubernetes/served-admission.ts";
import { schemaRemedy } from "../../../src/kubernetes/served-schema.ts";
import { succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { clientOf } from "../reflector/followed.ts";
import { type ClusterWorld, createAccess, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const plane = useControlPlane();
const registration = "/apis/admissionregistration.k8s.io/v1";
const policy = `${registration}/validatingadmissionpolicies/podid-grant-request`;
const binding = `${registration}/validatingadmissionpolicybindings/podid-grant-request`;
const address = "127.0.7.31";
/** How long after its creation a policy is taken to stand; see served-admission.ts. */
const settlingMs = 10_000;

describe("grants, as admission policies come and go", () => {
  let world: ClusterWorld;
  let controller: DaemonProcess;
  let nmi: DaemonProcess;
  let namespace = "";

  before(async () => {
    world = await startClusterWorld(plane());
    [controller, nmi] = await Promise.all([world.startController(), world.startNmi()]);
    await Promise.all([controller.said("leading"), nmi.said("ready")]);
    namespace = await createNamespace(plane().api(), "jit");
    const timeBox = { openWhen: "Grant", jit: { maxDuration: "1h", approvals: 0 } };
    await createAccess(plane(), namespace, { selector: "ops", timeBox });
    const labels = { aadpodidbinding: "ops" };
    await createFakeKubelet(plane().api()).startPod({
      namespace,
      name: "ops-0",
      node: world.node,
      labels,
      ip: address,
    });
  });
  after(async () => {
    for (const daemon of [controller, nmi]) daemon.kill("SIGTERM");
    await Promise.all([controller.ended(), nmi.ended()]);
    await world.close();
  });

  /** A grant of this requester, written by admin, once admission stands for so long that it could be believed. */
  const write = async (name: string, requester: string): Promise<void> => {
    const spec = { bindingName: "reads", requester, justification: "the pager rang", for: "1h" };
    const body = {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentityAccessGrant",
      metadata: { name },
      spec,
    };
    const path = `/apis/aadpodidentity.k8s.io/v1/namespaces/${namespace}/azureidentityaccessgrants`;
    await waitFor(async () => (await plane().api().post(path, body)).status === 201, `grant ${name}`);
  };
  const stateOf = async (name: string): Promise<string> => {
    const shown = await plane().kubectl([
      "get",
      "azureidentityaccessgrant",
      name,
      "-n",
      namespace,
      "--no-headers",
    ]);
    return shown.stdout;
  };
  const answers = (status: number): Promise<unknown> =>
    waitFor(async () => (await world.ask(nmi, address)).status === status, `NMI answers ${status}`);
  it("give a token while all stand, none from the moment that one is gone, and forged ones none ever", async (t) => {
    await untilSettled(t);
    await write("honest", "admin");
    await answers(200);

    await succeed(plane().api().delete(binding));
    await answers(403);
    await waitFor(async () => (await stateOf("honest")).includes("NotBelieved"), "kubectl tells");
    await write("forged", "someone-else");
    const line = await nmi.said("grants and approvals count for nothing");
    assert.match(
      JSON.stringify(line),
      /PolicyBinding podid-grant-request: the cluster has none.*kubectl replace/,
    );

    await followRemedy();
    await untilSettled(t);
    await waitFor(
      async () => /podid_grants_believed 1/.test((await nmi.probe("/metrics")).body),
      "the metric",
    );
    assert.equal((await world.ask(nmi, address)).status, 403, "the forged grant is older than the policy");
    assert.match(await stateOf("forged"), /NotBelieved/);
    const young = await world.startNmi();
    await young.said("ready");
    assert.equal((await world.ask(young, address)).status, 403, "also for who did not see the policy go");
    young.kill("SIGKILL");
    await young.ended();

    await write("honest-again", "admin");
    await answers(200);
    await waitFor(async () => (await stateOf("honest-again")).includes("Active"), "kubectl tells");
  });

  it("count for nothing while a policy is another than the one that ships, and what was written then neither", async () => {
    await answers(200);
    const matchConditions = [{ name: "never", expression: "false" }];
    await succeed(plane().api().patch(policy, { spec: { matchConditions } }));
    await answers(403);
    await write("forged-by-condition", "someone-else");
    await succeed(
      plane()
        .api()
        .patch(policy, { spec: { matchConditions: null } }),
    );
    await waitFor(
      async () => /podid_grants_believed 1/.test((await nmi.probe("/metrics")).body),
      "the metric",
    );
    assert.equal((await world.ask(nmi, address)).status, 403);
    await waitFor(
      async () => (await stateOf("forged-by-condition")).includes("NotBelieved"),
      "kubectl tells",
    );
  });
});

describe("the remedies that podid prints", () => {
  it("mend policies that are missing, differ, or have what others added, whichever way they were applied", async (t) => {
    const api = plane().api();
    const kubectl = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await plane().kubectl(args);
      assert.equal(code, 0, stderr);
    };
    await kubectl("apply", "--server-side", "--force-conflicts", "-k", `${rootPath}/deploy`);
    for (const way of [[], ["--server-side", "--force-conflicts"]]) {
      await kubectl("delete", "-f", `${rootPath}/deploy/admission`, "--ignore-not-found");
      await kubectl("apply", ...way, "-k", `${rootPath}/deploy`);
      await succeed(api.patch(policy, { spec: { failurePolicy: "Ignore" } }));
      await succeed(
        api.patch(binding, { spec: { matchResources: { namespaceSelector: { matchLabels: { a: "b" } } } } }),
      );
      await succeed(api.delete(binding.replace("podid-grant-request", "podid-approval")));
      const vouching = await vouchingNow(t);
      assert.ok(!vouching.inForce);
      assert.equal(vouching.faults.length, 3, vouching.faults.join("\n"));
      await followRemedy();
      assert.equal((await vouchingNow(t)).inForce, true);
    }
    await kubectl(...wordsOf(schemaRemedy));
  });

  it("change nothing for grants when the same is applied again, in either way", async (t) => {
    await followRemedy();
    const first = await vouchingNow(t);
    for (const way of [[], ["--server-side", "--force-conflicts"], ["--server-side"]]) {
      const applied = await plane().kubectl(["apply", ...way, "-k", `${rootPath}/deploy`]);
      assert.equal(applied.code, 0, applied.stderr);
      assert.deepEqual(await vouchingNow(t), first);
    }
  });

  it("are not needed to tell when a change was undone by setting things back", async (t) => {
    const first = await vouchingNow(t);
    assert.ok(first.inForce);
    for (const validationActions of [["Warn"], ["Deny"]]) {
      await succeed(plane().api().patch(binding, { spec: { validationActions } }));
    }
    const since = await vouchingNow(t);
    assert.ok(since.inForce && since.afterMs > first.afterMs, JSON.stringify([first, since]));
  });
});

/** Runs the printed command as it is, from where a person would. */
async function followRemedy(): Promise<void> {
  const { code, stderr } = await plane().kubectl(wordsOf(admissionRemedy));
  assert.equal(code, 0, stderr);
}

function wordsOf(remedy: string): readonly string[] {
  const [program, ...words] = remedy.split(" ");
  assert.equal(program, "kubectl");
  return words.map((word) => (word.startsWith("deploy/") ? `${rootPath}/${word}` : word));
}

async function vouchingNow(t: TestContext): Promise<Vouching> {
  const shipped = await readShippedAdmission(shippedFiles.admission);
  return readVouching(await clientOf(t, plane()), shipped, new AbortController().signal);
}

/** Resolves when a grant that is written now was written after all that has happened to the policies. */
async function untilSettled(t: TestContext): Promise<void> {
  const vouching = await vouchingNow(t);
  assert.ok(vouching.inForce, JSON.stringify(vouching));
  await waitFor(() => Date.now() > vouching.afterMs + 1000, "the policies to have settled", settlingMs * 3);
}
