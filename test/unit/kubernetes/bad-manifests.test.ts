import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { binding, identity, pod, readFolder, resourceID } from "./manifest-fixtures.ts";

describe("bad input", () => {
  const brokenQuote = `${pod("one")}---\nkind: 'Pod\n---\n${pod("two")}`;
  const rows: readonly { name: string; text: string; line: string; served?: readonly string[] }[] = [
    {
      name: "weight as text",
      text: binding("b", '  weight: "10"\n'),
      line: 'm.yaml:9: spec.weight: must be integer, is text "10": remove the quotes',
    },
    {
      name: "a label as truth value",
      text: pod("p", "  labels:\n    a: true\n"),
      line: "m.yaml:7: metadata.labels.a: must be text, is a boolean: put it in quotes",
    },
    {
      name: "a label with a qualified name",
      text: pod("p", "  labels:\n    example.com/a: 1\n"),
      line: 'm.yaml:7: metadata.labels["example.com/a"]: must be text, is a number: put it in quotes',
    },
    {
      name: "suspend as text",
      text: binding("b", '  timeBox: {suspend: "yes"}\n'),
      line: 'm.yaml:9: spec.timeBox.suspend: must be boolean, is text "yes": write true',
    },
    {
      name: "day as number",
      text: binding("b", "  timeBox:\n    windows:\n    - daysOfMonth:\n      - 08\n"),
      line: "m.yaml:12: spec.timeBox.windows[0].daysOfMonth[0]: must be text, is a number: put it in quotes",
    },
    {
      name: "a field in the wrong case",
      text: binding("b", "  timebox: {suspend: true}\n"),
      line: "m.yaml:9: spec.timebox: unknown field: write timeBox",
    },
    {
      name: "a misspelt field",
      text: binding("b", "  timeBox:\n    notBfore: x\n"),
      line: "m.yaml:10: spec.timeBox.notBfore: unknown field: write notBefore",
    },
    {
      name: "an unknown field",
      text: binding("b", "  colour: red\n"),
      line: "m.yaml:9: spec.colour: unknown field; known here: azureIdentity, selector, weight, metadata, match, timeBox",
    },
    {
      name: "an unknown field beside spec",
      text: `${binding("b")}timeBox: {}\n`,
      line: "m.yaml:9: timeBox: unknown field; known here: apiVersion, kind, metadata, spec, status",
    },
    {
      name: "an unknown field of metadata",
      text: identity("i").replace("  namespace: shop", "  namespace: shop\n  lables: {}"),
      line: "m.yaml:6: metadata.lables: unknown field: write labels",
    },
    {
      name: "a key of before 1.6",
      text: identity("i", "  ClientID: x\n"),
      line: "m.yaml:9: spec.ClientID: unknown field: write clientID",
    },
    {
      name: "a zone as offset",
      text: binding("b", '  timeBox:\n    timeZone: "+05:30"\n'),
      line: 'm.yaml:10: spec.timeBox.timeZone: "+05:30" does not fit: a time zone by its IANA name in exact case, such as Europe/Berlin or UTC; no offsets, no abbreviations',
    },
    {
      name: "an empty zone",
      text: binding("b", '  timeBox:\n    timeZone: ""\n'),
      line: 'm.yaml:10: spec.timeBox.timeZone: "" does not fit: a time zone by its IANA name in exact case, such as Europe/Berlin or UTC; no offsets, no abbreviations',
    },
    {
      name: "a misspelt mode",
      text: binding("b", "  timeBox: {openWhen: schedule}\n"),
      line: 'm.yaml:9: spec.timeBox.openWhen: must be one of Always, Schedule, Grant, ScheduleOrGrant, ScheduleAndGrant, is "schedule": write Schedule',
    },
    {
      name: "a missing part",
      text: binding("b", "  timeBox:\n    jit: {maxDuration: 1h}\n"),
      line: "m.yaml:10: spec.timeBox.jit.approvals: missing: it is required here",
    },
    {
      name: "too many approvals",
      text: binding("b", "  timeBox:\n    jit: {maxDuration: 1h, approvals: 9}\n"),
      line: "m.yaml:10: spec.timeBox.jit.approvals: must be <= 8",
    },
    {
      name: "an empty list",
      text: binding("b", "  timeBox:\n    windows: []\n"),
      line: "m.yaml:10: spec.timeBox.windows: is an empty list: give at least one entry, or remove the field",
    },
    {
      name: "a list too long",
      text: binding(
        "b",
        `  timeBox:\n    durations: [${Array.from({ length: 5 }, () => "{from: PodStart, for: 10m}").join(",")}]\n`,
      ),
      line: "m.yaml:10: spec.timeBox.durations: has too many entries: at most 4",
    },
    {
      name: "an empty match",
      text: binding("b", "  match: {}\n"),
      line: "m.yaml:9: spec.match: says nothing: give at least one of podSelector, serviceAccounts, pods, spiffeIDs",
    },
    {
      name: "a time box with nothing behind it",
      text: binding("b", "  timeBox:\n"),
      line: "m.yaml:9: spec.timeBox: must be object, is empty: give it a value, or remove the line",
    },
    {
      name: "a number out of range",
      text: identity("i", "  replicas: 5000000000\n"),
      line: "m.yaml:9: spec.replicas: is a number out of range",
    },
    {
      name: "a malformed resourceID",
      text: identity("i").replace(resourceID, "/subscriptions/x/userAssignedIdentities/y"),
      line: "m.yaml:8: spec.resourceID: malformed: type 0 needs /subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
    },
    {
      name: "a resourceID whose group Azure could not have",
      text: identity("i").replace(resourceID, resourceID.replace("/demo/", "/de mo/")),
      line: "m.yaml:8: spec.resourceID: malformed: type 0 needs /subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
    },
    {
      name: "a missing resourceID",
      text: "apiVersion: aadpodidentity.k8s.io/v1\nkind: AzureIdentity\nmetadata: {name: i}\n",
      line: "m.yaml:1: spec.resourceID: missing: type 0 needs /subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
    },
    {
      name: "a text where fields belong",
      text: identity("i", '  clientPassword: "s3cr3t"\n'),
      line: "m.yaml:9: spec.clientPassword: must be object, is text",
    },
    {
      name: "no kind",
      text: "apiVersion: v1\nmetadata: {name: x}\n",
      line: "m.yaml:1: kind: missing: every object needs apiVersion, kind and metadata.name",
    },
    {
      name: "no name",
      text: "apiVersion: v1\nkind: Pod\nmetadata: {}\n",
      line: "m.yaml:3: metadata.name: missing: give the object a name, as text",
    },
    {
      name: "a name as number",
      text: "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n",
      line: "m.yaml:3: metadata.name: must be text, is a number: put it in quotes",
    },
    {
      name: "a malformed name",
      text: pod("Web_0"),
      line: "m.yaml:4: metadata.name: must be lower-case letters, digits, '-' and '.', at most 253",
    },
    {
      name: "a malformed namespace",
      text: "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: a/b}\n",
      line: "m.yaml:3: metadata.namespace: must be lower-case letters, digits and '-', at most 63",
    },
    {
      name: "no apiVersion",
      text: "kind: Gadget\nmetadata: {name: x}\n",
      line: "m.yaml:1: apiVersion: missing",
    },
    {
      name: "another apiVersion",
      text: binding("b").replace("k8s.io/v1", "k8s.io/v1beta1"),
      line: "m.yaml:1: apiVersion: must be aadpodidentity.k8s.io/v1 for AzureIdentityBinding",
    },
    {
      name: "a misspelt kind",
      text: binding("b").replace("IdentityBinding", "IdentityBindings"),
      line: "m.yaml:2: kind: unknown kind AzureIdentityBindings: write AzureIdentityBinding",
    },
    {
      name: "a kind that the group lacks",
      text: binding("b").replace("AzureIdentityBinding", "Gadget"),
      line: "m.yaml:2: kind: unknown kind Gadget; known here: AzureIdentity, AzureIdentityBinding, AzurePodIdentityException, AzureIdentityAccessGrant, AzureIdentityAccessApproval",
    },
    {
      name: "a pod's bad address",
      text: pod("p", "status:\n  podIP: 10.0.0.256\n"),
      line: "m.yaml:7: status.podIP: must be an IP address",
    },
    {
      name: "a pod's bad start",
      text: pod("p", "status:\n  startTime: yesterday\n"),
      line: "m.yaml:7: status.startTime: must be an instant such as 2026-01-01T00:00:00Z",
    },
    {
      name: "a secret in plain data",
      text: "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  password: pa$$word\n",
      line: "m.yaml:5: data.password: must be base64: use stringData for plain text",
    },
    {
      name: "a secret as number",
      text: "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: 12345\n",
      line: "m.yaml:5: stringData.password: must be text, is a number: put it in quotes",
    },
    {
      name: "tabs",
      text: "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n",
      line: "m.yaml:4: broken YAML: Tabs are not allowed as indentation",
    },
    {
      name: "a key twice",
      text: "apiVersion: v1\nkind: Pod\nkind: Node\n",
      line: "m.yaml:3: broken YAML: Map keys must be unique",
    },
    {
      name: "an alias without anchor",
      text: "apiVersion: v1\nkind: Pod\nmetadata: *secret\n",
      line: "m.yaml:1: broken YAML: Unresolved alias (the anchor must be set before the alias)",
    },
    {
      name: "a text for a document",
      text: "just words\n",
      line: "m.yaml:1: not a Kubernetes object: a document must be fields with values",
    },
    {
      name: "an open quote between good documents",
      text: brokenQuote,
      line: "m.yaml:7: broken YAML: Missing closing 'quote",
      served: ["Pod shop/one", "Pod shop/two"],
    },
    {
      name: "an open brace between good documents",
      text: brokenQuote.replace("'Pod", "{a: 1"),
      line: "m.yaml:7: broken YAML: Flow map in block collection must be sufficiently indented and end with a }",
      served: ["Pod shop/one", "Pod shop/two"],
    },
  ];
  for (const { name, text, line, served = [] } of rows) {
    it(`is one clear line: ${name}`, async (t) => {
      const { lines, keys } = await readFolder(t, { "m.yaml": text, "rest.yaml": pod("rest") });
      assert.deepEqual(lines, [line]);
      assert.deepEqual(keys, [...served, "Pod shop/rest"]);
    });
  }

  it("is a notice only, where the object is of no concern to podid", async (t) => {
    const { problems, lines } = await readFolder(t, {
      "a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n",
      "b.yaml": "apiVersion: aadpodidentity.k8s.io/v1\nkind: AzureAssignedIdentity\nmetadata: {name: x}\n",
    });
    assert.deepEqual(lines, [
      "a.yaml:2: kind: Service is passed over: podid does not read this kind",
      "b.yaml:2: kind: AzureAssignedIdentity is passed over: podid writes these objects itself",
    ]);
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ["notice", "notice"],
    );
  });

  it("never shows a secret", async (t) => {
    const bad = [
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: s3cr3t, q: [s3cr3t]}\n",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s2}\nstringData: s3cr3t\n",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s3}\nstringData: {p: 's3cr3t' 's3cr3t'}\n",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s4}\nstringData: {p: `s3cr3t}\n",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s5}\nstringData:\n p: s3cr3t\n  s3cr3t: x: s3cr3t\n",
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s6}\nstringData: {p: *s3cr3t, q: "\\s3cr3t"}\n',
      identity("i", "  clientPassword: s3cr3t\n  tenantID: [s3cr3t]\n"),
    ];
    const { lines } = await readFolder(t, { "m.yaml": bad.join("---\n") });
    assert.ok(lines.length >= bad.length, lines.join("\n"));
    assert.equal(
      lines.some((line) => line.includes("s3cr3t")),
      false,
      lines.join("\n"),
    );
  });
});
