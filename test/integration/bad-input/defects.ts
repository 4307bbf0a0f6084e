import type { ReasonCode } from "../../../src/engine/reasons.ts";

/** The file bad.yaml with one mistake, beside manifests that are in order. */
export interface Defect {
  readonly name: string;
  /** What binds `shop/bad`, and gives it an identity. */
  readonly text: string;
  /** Where the line says the mistake is: `file:line`, and the field if it is in one. A double has two. */
  readonly places: readonly [string] | readonly [string, string];
  readonly says: RegExp;
  /** Why `shop/bad` gets nothing while the file is there. */
  readonly refused: { readonly status: 403 | 404; readonly reason: ReasonCode };
}

const subscription = "/subscriptions/11111111-1111-1111-1111-111111111111";

const binding = (...spec: readonly string[]): string =>
  [
    "apiVersion: aadpodidentity.k8s.io/v1",
    "kind: AzureIdentityBinding",
    "metadata: { name: bad, namespace: shop }",
    "spec:",
    "  azureIdentity: good",
    "  selector: bad",
    ...spec.map((line) => `  ${line}`),
    "",
  ].join("\n");

const identity = (resourceID: string): string =>
  [
    "apiVersion: aadpodidentity.k8s.io/v1",
    "kind: AzureIdentity",
    "metadata: { name: bad, namespace: shop }",
    "spec:",
    "  type: 0",
    `  resourceID: ${resourceID}`,
    "  clientID: aaaaaaaa-0000-4000-8000-00000000bad0",
    "",
  ].join("\n");

const bindingToBad = binding().replace("azureIdentity: good", "azureIdentity: bad");
const scheduled = ["  openWhen: Schedule", '  windows: [{ times: [{ start: "00:00", end: "24:00" }] }]'];
const dropped = { status: 404, reason: "NoMatchingBinding" } as const;
const invalid = { status: 403, reason: "InvalidTimeBox" } as const;
const missing = { status: 403, reason: "IdentityMissing" } as const;

/** The same without any mistake. */
export const mended = binding();

export const defects: readonly Defect[] = [
  {
    name: "broken YAML",
    text: binding("\tnote: indented by a tab"),
    places: ["bad.yaml:7"],
    says: /broken YAML/,
    refused: dropped,
  },
  {
    name: "an unknown field",
    text: binding("colour: red"),
    places: ["bad.yaml:7: spec.colour"],
    says: /unknown field/,
    refused: dropped,
  },
  {
    name: "timeBox in lower case, which an API server may drop and so open the binding for ever",
    text: binding("timebox:", '  notAfter: "2019-01-01T00:00:00Z"'),
    places: ["bad.yaml:7: spec.timebox"],
    says: /write timeBox/,
    refused: dropped,
  },
  {
    name: "an unknown zone",
    text: binding("timeBox:", ...scheduled, "  timeZone: Mars/Phobos"),
    places: ["bad.yaml:10: spec.timeBox.timeZone"],
    says: /must be UTC or a known IANA zone/,
    refused: invalid,
  },
  {
    name: "an unknown zone of an exclusion, which must not open the binding",
    text: binding(
      "timeBox:",
      ...scheduled,
      "  timeZone: UTC",
      '  exclusions: [{ dates: ["12-25"], timeZone: Mars/Phobos }]',
    ),
    places: ["bad.yaml:11: spec.timeBox.exclusions[0].timeZone"],
    says: /must be UTC or a known IANA zone/,
    refused: invalid,
  },
  {
    name: "an empty time box",
    text: binding("timeBox: {}"),
    places: ["bad.yaml:7: spec.timeBox"],
    says: /limits nothing: give at least one of /,
    refused: invalid,
  },
  {
    name: "a weight as text",
    text: binding('weight: "10"'),
    places: ["bad.yaml:7: spec.weight"],
    says: /must be integer/,
    refused: dropped,
  },
  {
    name: "a time of assignment that does not exist",
    text: binding(
      "timeBox:",
      "  openWhen: Grant",
      "  jit: { maxDuration: 1h, approvals: 0, preProvision: Bogus }",
    ),
    places: ["bad.yaml:9: spec.timeBox.jit.preProvision"],
    says: /must be one of OnRequest, OnApproval, Always, is "Bogus"$/,
    refused: dropped,
  },
  {
    name: "a number for a name",
    text: binding().replace("name: bad", "name: 123"),
    places: ["bad.yaml:3: metadata.name"],
    says: /must be text, is a number: put it in quotes$/,
    refused: dropped,
  },
  {
    name: "a truth value for a namespace",
    text: binding().replace("namespace: shop", "namespace: true"),
    places: ["bad.yaml:3: metadata.namespace"],
    says: /must be text, is a boolean: put it in quotes$/,
    refused: dropped,
  },
  {
    name: "a malformed resource id",
    text: `${identity(`${subscription}/userAssignedIdentities/bad`)}---\n${bindingToBad}`,
    places: ["bad.yaml:6: spec.resourceID"],
    says: /malformed/,
    refused: missing,
  },
  {
    name: "two identities of one name",
    text: [
      identity(
        `${subscription}/resourceGroups/a/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bad`,
      ),
      identity(
        `${subscription}/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bad`,
      ),
      bindingToBad,
    ].join("---\n"),
    places: ["bad.yaml:3: metadata.name", "bad.yaml:11: metadata.name"],
    says: /AzureIdentity shop\/bad is also in .*bad\.yaml:\d+: keep one; until then none of them is served/,
    refused: missing,
  },
];
