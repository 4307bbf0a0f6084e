import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createDuty } from "../../../../src/cli/daemon/duty.ts";

describe("the health of a controller", () => {
  it("is Active only while it works as the leader, and says why not", () => {
    const duty = createDuty();
    assert.deepEqual(
      [duty.health([]), duty.doing()],
      ["Not Active", "standing by: another controller leads, or none yet"],
    );
    let isLeader = true;
    duty.begin("leading", () => isLeader);
    assert.deepEqual([duty.health([]), duty.doing()], ["Active", "leading"]);
    assert.equal(duty.health(["what is known of the cluster is 400 s old"]), "Not Active");
    isLeader = false;
    assert.deepEqual(
      [duty.health([]), duty.doing()],
      ["Not Active", "stopping: the lease could not be renewed in time"],
    );
    duty.end();
    isLeader = true;
    assert.equal(duty.health([]), "Not Active");
  });
});
