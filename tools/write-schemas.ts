// Writes policies/schemas/*.json from the zod schemas of the engine's inputs, so that `opa check`
// refuses a policy that misspells an input field.
import { writeFileSync } from "node:fs";

import { z } from "zod";

import {
  assignInputSchema,
  exemptInputSchema,
  tokenInputSchema,
  validateInputSchema,
} from "../src/engine/input.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: write-schemas.ts DIRECTORY");

const schemas = {
  assign: assignInputSchema,
  exempt: exemptInputSchema,
  token: tokenInputSchema,
  validate: validateInputSchema,
};
for (const [entrypoint, schema] of Object.entries(schemas)) {
  writeFileSync(
    `${directory}/${entrypoint}.json`,
    `${JSON.stringify(z.toJSONSchema(schema, { target: "draft-7" }), null, 2)}\n`,
  );
}
