import { describe, it } from "node:test";

import { holds } from "./run.ts";

describe("the controller, whatever happens", () => {
  it("never takes away what is wanted, leaves nothing behind, and comes to rest as the policy wants it", async (t) => {
    t.diagnostic(
      await holds({ runs: Number(process.env["RUNS"] ?? 2000), seed: Number(process.env["SEED"] ?? 6) }),
    );
  });
});
