import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";
import { z } from "zod";

import { rootPath } from "../../control-plane/programs.ts";

const node = z.looseObject({
  pattern: z.string().optional(),
  properties: z.record(z.string(), z.json()).optional(),
  additionalProperties: z.json().optional(),
  items: z.json().optional(),
  "x-kubernetes-validations": z
    .array(z.object({ message: z.string(), fieldPath: z.string().optional() }))
    .optional(),
});
const crd = z.object({
  spec: z.object({
    names: z.object({ kind: z.string() }),
    versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: node }) })]),
  }),
});

/** One rule of a schema: where it stands, its message or `pattern`, and where the API server reports it. */
export interface SchemaRule {
  readonly kind: string;
  readonly at: string;
  readonly rule: string;
  readonly reportedAt: string;
}

const folder = join(rootPath, "deploy/crds");

/** Every CEL rule and every pattern that deploy/crds has under `spec`. */
export const schemaRules: readonly SchemaRule[] = readdirSync(folder).flatMap((file) => {
  const { spec } = crd.parse(parse(readFileSync(join(folder, file), "utf8")));
  const { properties } = spec.versions[0].schema.openAPIV3Schema;
  return rulesOf(spec.names.kind, "spec", properties?.["spec"]);
});

function rulesOf(kind: string, at: string, schema: unknown): readonly SchemaRule[] {
  const { pattern, properties, additionalProperties, items, ...rest } = node.parse(schema);
  const validations = rest["x-kubernetes-validations"] ?? [];
  return [
    ...(pattern === undefined ? [] : [{ kind, at, rule: "pattern", reportedAt: at }]),
    ...validations.map(({ message, fieldPath = "" }) => ({
      kind,
      at,
      rule: message,
      reportedAt: `${at}${fieldPath}`,
    })),
    ...Object.entries(properties ?? {}).flatMap(([name, inner]) => rulesOf(kind, `${at}.${name}`, inner)),
    ...(items === undefined ? [] : rulesOf(kind, `${at}[]`, items)),
    ...(additionalProperties === undefined ? [] : rulesOf(kind, `${at}{}`, additionalProperties)),
  ];
}
