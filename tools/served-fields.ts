import { parse } from "yaml";
import { z } from "zod";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
}
const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({ properties: z.record(z.string(), schema).optional(), items: schema.optional() }),
);
const definition = z.object({
  spec: z.object({
    names: z.object({ kind: z.string() }),
    versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: schema }) })]),
  }),
});

/** The module's text, laid out as oxfmt does. `crds`: the YAML of each CustomResourceDefinition. */
export function renderServedFields(crds: readonly string[]): string {
  const kinds = crds.map((text) => {
    const { names, versions } = definition.parse(parse(text)).spec;
    const spec = versions[0].schema.openAPIV3Schema.properties?.["spec"];
    const fields = spec === undefined ? [] : fieldsBelow("spec", spec);
    const texts = fields.map((field) => JSON.stringify(field));
    const list = texts.length === 1 ? `[${texts.join("")}]` : `[\n    ${texts.join(",\n    ")},\n  ]`;
    return `  ${names.kind}: ${list},\n`;
  });
  return [
    "// Made by `npm run generate` from deploy/crds.\n\n",
    "/** Every field of the specs that podid's CRDs have, lists as `field[]`. */\n",
    `export const servedFields: Readonly<Record<string, readonly string[]>> = {\n${kinds.join("")}};\n`,
  ].join("");
}

/** Of nested fields the inner ones, which say the outer ones too; aad-pod-identity's unused `metadata` is left out. */
function fieldsBelow(path: string, { properties, items }: Schema): readonly string[] {
  if (items !== undefined) return fieldsBelow(`${path}[]`, items);
  if (properties === undefined) return [path];
  return Object.entries(properties)
    .filter(([name]) => name !== "metadata")
    .flatMap(([name, inner]) => fieldsBelow(`${path}.${name}`, inner));
}
