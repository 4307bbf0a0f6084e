import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { routeOf, tokenPath } from "../../../src/nmi/request-path.ts";

describe("routeOf", () => {
  const served = [
    tokenPath,
    `${tokenPath}/`,
    `/${tokenPath}`,
    `/${tokenPath}/?api-version=2018-02-01`,
    "/metadata/Identity/OAuth2/TOKEN?resource=r",
  ];
  for (const target of served) {
    it(`takes ${target} for the token path`, () => assert.deepEqual(routeOf(target), { kind: "token" }));
  }

  for (const target of ["/host/token", "/host/token/?resource=r"]) {
    it(`takes ${target} for the host path`, () => assert.deepEqual(routeOf(target), { kind: "hostToken" }));
  }

  const metadata = [
    { target: "/metadata/instance?api-version=2021-02-01", path: ["instance"] },
    { target: "/metadata/instance/compute/vmId", path: ["instance", "compute", "vmId"] },
    { target: "/metadata/versions", path: ["versions"] },
    { target: "/metadata/scheduledevents?api-version=2020-07-01", path: ["scheduledevents"] },
    { target: "/metadata/loadbalancer", path: ["loadbalancer"] },
    { target: "/metadata/attested/document", path: ["attested", "document"] },
  ];
  for (const { target, path } of metadata) {
    it(`reads ${target} into its segments`, () =>
      assert.deepEqual(routeOf(target), { kind: "metadata", area: path[0], path }));
  }

  const refused = [
    { name: "three leading slashes", target: `//${tokenPath}`, status: "invalidRequest" },
    { name: "two trailing slashes", target: `${tokenPath}//`, status: "invalidRequest" },
    { name: "an inner double slash", target: "/metadata//identity/oauth2/token", status: "pathNotFound" },
    {
      name: "a double slash inside identity",
      target: "/metadata/identity//oauth2/token",
      status: "invalidRequest",
    },
    { name: "an encoded slash", target: "/metadata/identity%2foauth2/token", status: "invalidRequest" },
    { name: "a backslash", target: "/metadata/identity\\oauth2\\token", status: "invalidRequest" },
    { name: "a path parameter", target: `${tokenPath};x=1`, status: "invalidRequest" },
    { name: "a dot segment", target: "/metadata/identity/./oauth2/token", status: "invalidRequest" },
    {
      name: "a way around through instance metadata",
      target: "/metadata/instance/../identity/oauth2/token",
      status: "invalidRequest",
    },
    {
      name: "an encoded way around",
      target: "/metadata/instance/%2e%2e/identity/info",
      status: "invalidRequest",
    },
    { name: "something appended", target: `${tokenPath}/x`, status: "invalidRequest" },
    { name: "a fragment", target: `${tokenPath}#x`, status: "invalidRequest" },
    { name: "the absolute form", target: `http://169.254.169.254${tokenPath}`, status: "invalidRequest" },
    {
      name: "the absolute form of metadata",
      target: "http://169.254.169.254/metadata/instance",
      status: "invalidRequest",
    },
    { name: "an asterisk", target: "*", status: "invalidRequest" },
    { name: "an empty target", target: "", status: "invalidRequest" },
    { name: "the certificate route", target: "/metadata/identity/issuecredential", status: "pathNotFound" },
    {
      name: "the certificate's discovery",
      target: "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
      status: "pathNotFound",
    },
    { name: "the tenant of the machine", target: "/metadata/identity/info", status: "pathNotFound" },
    {
      name: "instance metadata in another letter case",
      target: "/Metadata/instance",
      status: "pathNotFound",
    },
    { name: "a slash behind instance metadata", target: "/metadata/instance/", status: "pathNotFound" },
    { name: "a host path with more behind it", target: "/host/token/x", status: "pathNotFound" },
    { name: "another host path", target: "//host/token", status: "pathNotFound" },
    { name: "attested data itself", target: "/metadata/attested", status: "pathNotFound" },
    { name: "something below versions", target: "/metadata/versions/x", status: "pathNotFound" },
  ];
  for (const { name, target, status } of refused) {
    it(`does not route ${name}`, () => {
      const route = routeOf(target);
      assert.equal(route.kind === "none" ? route.refusal.kind : route.kind, status);
    });
  }
});
