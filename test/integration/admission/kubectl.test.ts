import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { rootPath } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { assertStatus, create, group, namespace, objectOf, pathOf, request, usePodid } from "./cluster.ts";

const serviceAccount = (name: string) => ({
  user: `system:serviceaccount:podid-system:${name}`,
  groups: ["system:serviceaccounts", "system:serviceaccounts:podid-system", "system:authenticated"],
});

describe("kubectl", () => {
  const plane = usePodid();
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await plane().kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  it("installs everything at once, and changes nothing the second time", async () => {
    const lines = (await run("apply", "-k", join(rootPath, "deploy"))).trim().split("\n");
    assert.ok(lines.length > 30);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(" unchanged")),
      [],
    );
  });

  it("explains a time box, and that it recalls no token", async () => {
    const told = (await run("explain", "azureidentitybinding.spec.timeBox")).replaceAll(/\s+/g, " ");
    assert.match(told, /A time box limits when NMI hands out tokens\. It does not recall them\./);
    for (const field of ["durations", "exclusions", "jit", "notAfter", "openWhen", "suspend", "windows"]) {
      assert.match(told, new RegExp(` ${field} <`));
    }
    const modes = await run("explain", "azureidentitybinding.spec.timeBox.openWhen");
    assert.match(modes, /ENUM:\s+Always\s+Schedule\s+Grant\s+ScheduleOrGrant\s+ScheduleAndGrant/);
    assert.match(await run("explain", "azureidentity.spec.usableBy"), /Who may use this identity at all/);
    assert.match(await run("explain", "azureidentityaccessgrant.spec.justification"), /Why access is needed/);
    assert.match(await run("explain", "azureidentitybinding.status.conditions"), /NeverOpens/);
  });

  it("shows whether a binding is in force and when that changes", async () => {
    const api = plane().api();
    const timeBox = {
      openWhen: "Schedule",
      timeZone: "Europe/Berlin",
      windows: [{ times: [{ start: "00:00", end: "01:00" }] }],
    };
    const spec = { azureIdentity: "datastore-reader", selector: "frontend", timeBox };
    await succeed(create(api, "AzureIdentityBinding", "nightly", spec));
    const judged = { inForce: "No", reason: "OutsideSchedule", nextTransition: "2999-06-14T22:00:00Z" };
    await succeed(
      api.apply(`${pathOf("AzureIdentityBinding", "nightly")}/status`, {
        ...objectOf("AzureIdentityBinding", "nightly"),
        status: { timeBox: judged },
      }),
    );
    const [head = "", row = ""] = (await run("get", "azureidentitybinding", "-n", namespace)).split("\n");
    assert.deepEqual(head.trim().split(/ +/), [
      "NAME",
      "AZUREIDENTITY",
      "SELECTOR",
      "OPENWHEN",
      "INFORCE",
      "REASON",
      "NEXT",
      "AGE",
    ]);
    assert.deepEqual(row.trim().split(/ +/).slice(0, 7), [
      "nightly",
      "datastore-reader",
      "frontend",
      "Schedule",
      "No",
      "OutsideSchedule",
      "2999-06-14T22:00:00Z",
    ]);
  });

  it("shows of a grant who asked, for how long and until when", async () => {
    const api = plane().api();
    await succeed(create(api, "AzureIdentityAccessGrant", "restore", { ...request, requester: "admin" }));
    const status = { state: "Active", until: "2999-06-14T22:00:00Z" };
    await succeed(
      api.apply(`${pathOf("AzureIdentityAccessGrant", "restore")}/status`, {
        ...objectOf("AzureIdentityAccessGrant", "restore"),
        status,
      }),
    );
    const [head = "", row = ""] = (await run("get", "azureidentityaccessgrants", "-n", namespace)).split(
      "\n",
    );
    assert.deepEqual(head.trim().split(/ +/), ["NAME", "BINDING", "REQUESTER", "FOR", "STATE", "UNTIL"]);
    assert.deepEqual(row.trim().split(/ +/), [
      "restore",
      "oncall",
      "admin",
      "1h",
      "Active",
      "2999-06-14T22:00:00Z",
    ]);
  });

  it("refuses a misspelt field before it is lost", async () => {
    const stdin = JSON.stringify(objectOf("AzureIdentityBinding", "typo", { timebox: { suspend: true } }));
    const { code, stderr } = await plane().kubectl(["apply", "-n", namespace, "-f", "-"], { stdin });
    assert.equal(code, 1);
    assert.match(stderr, /unknown field "spec\.timebox"/);
  });
});

type Access = readonly [verb: string, resource: string, group: string, namespace?: string, name?: string];
const kinds = [
  "azureidentities",
  "azureidentitybindings",
  "azureassignedidentities",
  "azurepodidentityexceptions",
  "azureidentityaccessgrants",
  "azureidentityaccessapprovals",
] as const;
const readable: readonly Access[] = ["list", "watch"].flatMap((verb) =>
  kinds.map((kind): Access => [verb, kind, group]),
);
const admission = ["list", "watch"].flatMap((verb) =>
  ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((plural): Access => [
    verb,
    plural,
    "admissionregistration.k8s.io",
  ]),
);
const crds: Access = [
  "get",
  "customresourcedefinitions",
  "apiextensions.k8s.io",
  "",
  `azureidentities.${group}`,
];

const rights: Readonly<Record<string, { may: readonly Access[]; mayNot: readonly Access[] }>> = {
  "podid-controller": {
    may: [
      ...readable,
      ["watch", "pods", ""],
      ["list", "nodes", ""],
      ...["get", "create", "update", "patch", "delete"].map((verb): Access => [
        verb,
        "azureassignedidentities",
        group,
      ]),
      ["patch", "azureidentitybindings/status", group],
      ["patch", "azureidentityaccessgrants/status", group],
      ["delete", "azureidentityaccessgrants", group],
      ["create", "events", "events.k8s.io"],
      ["update", "leases", "coordination.k8s.io", "podid-system"],
      crds,
      ...admission,
    ],
    mayNot: [
      ["get", "secrets", ""],
      ["get", "pods", ""],
      ["get", "azureidentities", group],
      ["create", "azureidentitybindings", group],
      ["delete", "azureidentities", group],
      ["patch", "azureidentities", group],
      ["create", "azureidentityaccessgrants", group],
      ["patch", "azureidentityaccessgrants", group],
      ["create", "azureidentityaccessapprovals", group],
      ["activate", "azureidentitybindings", group],
      ["approve", "azureidentitybindings", group],
      ["update", "leases", "coordination.k8s.io", "kube-system"],
      ["get", "customresourcedefinitions", "apiextensions.k8s.io", "", "others.example.com"],
      ["create", "pods", ""],
    ],
  },
  "podid-nmi": {
    may: [...readable, ["watch", "pods", ""], ["patch", "events", "events.k8s.io"], crds, ...admission],
    mayNot: [
      ["get", "secrets", ""],
      ["list", "secrets", ""],
      ["watch", "secrets", ""],
      ["get", "azureidentities", group],
      ...["create", "update", "patch", "delete"].flatMap((verb) =>
        kinds.map((kind): Access => [verb, kind, group]),
      ),
      ["patch", "azureidentitybindings/status", group],
      ["create", "serviceaccounts/token", ""],
      ["update", "leases", "coordination.k8s.io", "podid-system"],
    ],
  },
};

describe("the roles of the daemons", () => {
  const plane = usePodid();
  const allowed = async (
    account: string,
    [verb, resource, apiGroup, inside = namespace, name = ""]: Access,
  ): Promise<unknown> => {
    const [plural, subresource = ""] = resource.split("/");
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        ...serviceAccount(account),
        resourceAttributes: { verb, group: apiGroup, resource: plural, subresource, namespace: inside, name },
      },
    };
    const answer = await plane().api().post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
    return at(await succeed(Promise.resolve(answer)), "status", "allowed");
  };

  for (const [account, { may, mayNot }] of Object.entries(rights)) {
    it(`let ${account} do its work and nothing else`, async () => {
      for (const access of may) assert.equal(await allowed(account, access), true, access.join(" "));
      for (const access of mayNot) assert.equal(await allowed(account, access), false, access.join(" "));
    });
  }

  it("show podid's kinds to everybody who may view a namespace", async () => {
    const api = plane().api();
    // The control plane's own controller merges labelled roles; here it does not run.
    const role = await succeed(api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/podid-view"));
    assert.equal(at(role, "metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-view"), "true");
    assert.deepEqual(listAt(role, "rules", 0, "verbs"), ["get", "list", "watch"]);
  });

  it("put the Lease's requests, and those of NMI, above those of workloads", async () => {
    const api = plane().api();
    const level = async (name: string): Promise<string> =>
      textAt(
        await succeed(api.get(`/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/${name}`)),
        "spec",
        "priorityLevelConfiguration",
        "name",
      );
    assert.equal(await level("podid-leader-election"), "leader-election");
    assert.equal(await level("podid"), "workload-high");
    const dangling = async (name: string): Promise<boolean> =>
      listAt(
        await succeed(api.get(`/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/${name}`)),
        "status",
        "conditions",
      ).some((one) => at(one, "type") === "Dangling" && at(one, "status") === "False");
    await waitFor(() => dangling("podid-leader-election"), "the level of leader election");
    await waitFor(() => dangling("podid"), "the level of NMI");
  });

  it("take the controller's own write of a status", async () => {
    const api = plane().api();
    await succeed(create(api, "AzureIdentityBinding", "judged", { azureIdentity: "reader" }));
    const path = `${pathOf("AzureIdentityBinding", "judged")}/status`;
    const status = { ...objectOf("AzureIdentityBinding", "judged"), status: { timeBox: { inForce: "Yes" } } };
    assertStatus(await plane().api(serviceAccount("podid-controller")).apply(path, status), 200);
    assertStatus(await plane().api(serviceAccount("podid-nmi")).apply(path, status), 403);
  });
});
