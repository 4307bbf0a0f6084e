import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findCloud, isCustomCloud } from "../../../src/azure/cloud.ts";
import { parseCustomCloud } from "../../../src/azure/custom-cloud.ts";
import { AzureError } from "../../../src/azure/errors.ts";

describe("clouds", () => {
  // aad-pod-identity.md §5.7
  const rows = [
    {
      names: ["AzurePublicCloud", "AzureCloud", ""],
      login: "https://login.microsoftonline.com",
      arm: "https://management.azure.com",
    },
    {
      names: ["AzureUSGovernmentCloud", "AzureUSGovernment"],
      login: "https://login.microsoftonline.us",
      arm: "https://management.usgovcloudapi.net",
    },
    {
      names: ["AzureChinaCloud"],
      login: "https://login.chinacloudapi.cn",
      arm: "https://management.chinacloudapi.cn",
    },
    {
      names: ["AzureGermanCloud"],
      login: "https://login.microsoftonline.de",
      arm: "https://management.microsoftazure.de",
    },
  ];
  for (const { names, login, arm } of rows) {
    for (const name of names.flatMap((one) => [one, one.toUpperCase(), one.toLowerCase()])) {
      it(`"${name}" is at ${arm}, and its tokens are for that endpoint with its slash`, () => {
        const { authorityUrl, armUrl, armScope } = findCloud(name);
        assert.deepEqual([authorityUrl, armUrl, armScope], [login, arm, `${arm}//.default`]);
      });
    }
  }

  it("name all names when asked for another", () => {
    for (const name of ["AzureMoonCloud", "AzureStackCloud", " "]) {
      assert.throws(
        () => findCloud(name),
        (error) => {
          assert.ok(error instanceof AzureError && error.code === "unknown-cloud");
          const all = [...rows.flatMap(({ names }) => names), "AzureStackCloud"];
          for (const one of all) assert.ok(error.message.includes(one), one);
          return true;
        },
      );
    }
    assert.ok(isCustomCloud("azurestackcloud") && !isCustomCloud("AzureCloud"));
  });
});

describe("the file of a custom cloud", () => {
  /** As Azure Stack Hub's instructions have people write it, shortened. */
  const written = {
    name: "AzureStackCloud",
    managementPortalURL: "https://portal.local.azurestack.external/",
    serviceManagementEndpoint: "https://management.azurestack.onmicrosoft.com/7d1e6d5a",
    resourceManagerEndpoint: "https://management.local.azurestack.external/",
    activeDirectoryEndpoint: "https://login.microsoftonline.com/",
    galleryEndpoint: "https://providers.local.local.azurestack.external:30016/",
    storageEndpointSuffix: "local.azurestack.external",
    resourceIdentifiers: { graph: "https://graph.windows.net/" },
  };

  it("gives both endpoints, and the ARM endpoint as audience unless it says another", () => {
    const text = `\uFEFF${JSON.stringify(written)}`;
    assert.deepEqual(parseCustomCloud("stack.json", text), {
      name: "AzureStackCloud",
      authorityUrl: "https://login.microsoftonline.com",
      armUrl: "https://management.local.azurestack.external",
      armScope: "https://management.local.azurestack.external//.default",
    });
    const tokenAudience = "https://management.azurestack.onmicrosoft.com/7d1e6d5a";
    const other = parseCustomCloud("stack.json", JSON.stringify({ ...written, tokenAudience, name: "" }));
    assert.equal(other.armScope, `${tokenAudience}/.default`);
    assert.equal(other.name, "AzureStackCloud");
  });

  const unusable = [
    { name: "no JSON", text: "{", says: /stack\.json cannot be used/ },
    {
      name: "no ARM",
      text: JSON.stringify({ ...written, resourceManagerEndpoint: undefined }),
      says: /resourceManagerEndpoint/,
    },
    {
      name: "ARM without TLS",
      text: JSON.stringify({ ...written, resourceManagerEndpoint: "http://arm/" }),
      says: /resourceManagerEndpoint: write an https URL/,
    },
    {
      name: "ARM below a path",
      text: JSON.stringify({ ...written, resourceManagerEndpoint: "https://arm/below/" }),
      says: /without a path/,
    },
    {
      name: "no login",
      text: JSON.stringify({ ...written, activeDirectoryEndpoint: "" }),
      says: /activeDirectoryEndpoint/,
    },
  ];
  for (const { name, text, says } of unusable) {
    it(`is refused with ${name}`, () => {
      assert.throws(
        () => parseCustomCloud("stack.json", text),
        (error) => error instanceof AzureError && error.code === "config-invalid" && says.test(error.message),
      );
    });
  }
});
