import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { AzureError } from "../../../src/azure/errors.ts";

describe("clouds", () => {
  const rows = [
    {
      name: "",
      authorityUrl: "https://login.microsoftonline.com",
      armScope: "https://management.azure.com//.default",
    },
    {
      name: "AZUREPUBLICCLOUD",
      authorityUrl: "https://login.microsoftonline.com",
      armScope: "https://management.azure.com//.default",
    },
    {
      name: "AzureUSGovernmentCloud",
      authorityUrl: "https://login.microsoftonline.us",
      armScope: "https://management.usgovcloudapi.net//.default",
    },
    {
      name: "AzureChinaCloud",
      authorityUrl: "https://login.chinacloudapi.cn",
      armScope: "https://management.chinacloudapi.cn//.default",
    },
  ];
  for (const { name, authorityUrl, armScope } of rows) {
    it(`finds "${name}"`, () => {
      const cloud = findCloud(name);
      assert.deepEqual([cloud.authorityUrl, cloud.armScope], [authorityUrl, armScope]);
    });
  }

  it("names the known ones when asked for another", () => {
    assert.throws(
      () => findCloud("AzureStackCloud"),
      (error) =>
        error instanceof AzureError &&
        error.code === "unknown-cloud" &&
        /AzureChinaCloud/.test(error.message),
    );
  });
});
