import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { namesFor } from "../../../src/controller/object-name.ts";
import { makeIdentity, makePod, vmId } from "./objects.ts";
import { want } from "./situations.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function namesOf(podName: string, identityName: string, target: string): readonly string[] {
  const wanted = want(makePod(podName), makeIdentity(identityName));
  const { plain, long, ofTarget } = namesFor(wanted, { namespaced: false, target });
  return [plain, long, ofTarget() ?? assert.fail("the target is known")];
}

describe("names of an object", () => {
  it("differ by machine at last, whatever the letter case of its id", () => {
    const [a, b, upper] = [vmId("a"), vmId("b"), vmId("a").toUpperCase()].map((target) =>
      namesOf("web-0", "reader", target).at(-1),
    );
    assert.notEqual(a, b);
    assert.equal(a, upper);
  });

  for (const characters of [63, 110, 113, 120, 200, 253]) {
    it(`are such as the API server takes, and not the same, for a pod's name of ${characters} characters`, () => {
      const names = namesOf(
        "p.".repeat(characters).slice(0, characters - 1) + "p",
        "i".repeat(120),
        vmId("a"),
      );
      for (const name of names) {
        assert.ok(name.length <= 253, `${name.length} characters`);
        assert.match(name, subdomain);
      }
      assert.equal(new Set(names).size, 3);
    });
  }

  it("are left as they are up to 253 characters", () => {
    const [plain = ""] = namesOf("p".repeat(127), "i".repeat(120), vmId("a"));
    assert.equal(plain, `${"p".repeat(127)}-shop-${"i".repeat(120)}`);
    assert.equal(plain.length, 253);
  });
});
