import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseCloudConfig } from "../../../src/azure/cloud-config.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { chooseLogin, type Login, type WorkloadIdentityVariables } from "../../../src/azure/login.ts";

const clientID = "10000000-0000-4000-8000-000000000001";
const resourceID =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool";
const nothing: WorkloadIdentityVariables = { tenantID: "", clientID: "", tokenFile: "" };
const webhook: WorkloadIdentityVariables = { tenantID: "wt", clientID: "wc", tokenFile: "/token" };
const application = { tenantId: "t", aadClientId: "c" };
const secret = { ...application, aadClientSecret: "canary" };
const certificate = { ...application, aadClientCertPath: "/c.pem", aadClientCertPassword: "canary" };

function choose(keys: Readonly<Record<string, unknown>>, variables = nothing): Login {
  return chooseLogin("azure.json", parseCloudConfig("azure.json", keys), variables);
}

/** As AKS writes it for a cluster with a managed identity, shortened. */
const aks = {
  cloud: "AzurePublicCloud",
  tenantId: "t",
  subscriptionId: "s",
  aadClientId: "msi",
  aadClientSecret: "msi",
  resourceGroup: "MC_g",
  vmType: "vmss",
  securityGroupName: "aks-agentpool-nsg",
  cloudProviderBackoff: true,
  cloudProviderBackoffRetries: 6,
  useManagedIdentityExtension: true,
  userAssignedIdentityID: clientID,
};
const byClientID: Login = {
  kind: "managedIdentity",
  selector: { parameter: "client_id", value: clientID },
};
const bySecret: Login = { kind: "secret", tenantID: "t", clientID: "c", clientSecret: "canary" };
const byToken: Login = { kind: "workloadIdentity", tenantID: "wt", clientID: "wc", tokenFile: "/token" };

describe("the controller's login", () => {
  const rows: readonly {
    readonly name: string;
    readonly keys: Readonly<Record<string, unknown>>;
    readonly variables?: WorkloadIdentityVariables;
    readonly login: Login;
  }[] = [
    { name: "is the kubelet's identity in the file of AKS", keys: aks, login: byClientID },
    {
      name: "is a managed identity by the placeholder alone",
      keys: { ...aks, aadClientId: "MSI", useManagedIdentityExtension: "" },
      login: byClientID,
    },
    {
      name: "is the system-assigned identity when none is named",
      keys: { useManagedIdentityExtension: true, userAssignedIdentityID: null },
      login: { kind: "managedIdentity", selector: null },
    },
    {
      name: "is a managed identity by resource id",
      keys: { useManagedIdentityExtension: "True", userAssignedIdentityID: resourceID },
      login: { kind: "managedIdentity", selector: { parameter: "msi_res_id", value: resourceID } },
    },
    {
      name: "is a managed identity before a secret, as in the reference",
      keys: { ...secret, useManagedIdentityExtension: true },
      login: { kind: "managedIdentity", selector: null },
    },
    { name: "is a secret", keys: secret, login: bySecret },
    { name: "is a secret before a certificate", keys: { ...certificate, ...secret }, login: bySecret },
    { name: "is a secret before the webhook's token", keys: secret, variables: webhook, login: bySecret },
    {
      name: "is a certificate before the webhook's token",
      keys: certificate,
      variables: webhook,
      login: { kind: "certificate", tenantID: "t", clientID: "c", path: "/c.pem", password: "canary" },
    },
    { name: "is the webhook's when nothing else is given", keys: {}, variables: webhook, login: byToken },
    {
      name: "is federated with the file's own application",
      keys: application,
      variables: webhook,
      login: { ...byToken, tenantID: "t", clientID: "c" },
    },
    {
      name: "is federated before everything when the file says so",
      keys: {
        ...aks,
        tenantId: "",
        useFederatedWorkloadIdentityExtension: true,
        aadFederatedTokenFile: "/own",
      },
      variables: webhook,
      login: { ...byToken, tokenFile: "/own" },
    },
  ];
  for (const { name, keys, variables, login } of rows) {
    it(name, () => assert.deepEqual(choose(keys, variables), login));
  }

  const refused = [
    { name: "nothing", keys: {}, says: /gives none of useManagedIdentityExtension, aadClientSecret, / },
    { name: "a secret alone", keys: { aadClientSecret: "canary" }, says: /lacks tenantId, aadClientId$/ },
    { name: "no tenant", keys: { ...certificate, tenantId: "" }, says: /lacks tenantId$/ },
    {
      name: "federation without a file",
      keys: { useFederatedWorkloadIdentityExtension: true },
      says: /aadFederatedTokenFile/,
    },
    { name: "AD FS by its tenant", keys: { ...secret, tenantId: "adfs" }, says: /AD FS/ },
    { name: "AD FS by name", keys: { ...secret, identitySystem: "ADFS" }, says: /AD FS/ },
  ];
  for (const { name, keys, says } of refused) {
    it(`is refused with ${name}`, () => {
      assert.throws(
        () => choose(keys),
        (error) => {
          assert.ok(error instanceof AzureError && error.code === "config-invalid");
          assert.match(error.message, says);
          assert.doesNotMatch(error.message, /canary/);
          return true;
        },
      );
    });
  }
});

describe("the keys of azure.json", () => {
  it("may be absent, null or empty", () => {
    const empty = parseCloudConfig("f", null);
    assert.deepEqual(parseCloudConfig("f", { cloud: "", tenantId: null, aadClientSecret: null }), empty);
    assert.deepEqual(Object.values(empty).filter(Boolean), []);
  });

  it("lose the white space around ids, but not that of a secret", () => {
    const { tenantId, aadClientSecret } = parseCloudConfig("f", {
      tenantId: " t\n",
      aadClientSecret: " s\n",
    });
    assert.deepEqual([tenantId, aadClientSecret], ["t", " s\n"]);
  });

  it("are named when they are of another form, and not quoted", () => {
    for (const [value, says] of [
      [{ aadClientSecret: ["canary"] }, /f is not an azure\.json: aadClientSecret is of another form/],
      [{ useManagedIdentityExtension: "canary" }, /useManagedIdentityExtension/],
      ["canary", /the whole is of another form/],
    ] as const) {
      assert.throws(
        () => parseCloudConfig("f", value),
        (error) => error instanceof AzureError && says.test(error.message) && !/canary/.test(error.message),
      );
    }
  });
});
