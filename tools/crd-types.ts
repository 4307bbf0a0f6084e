// TypeScript types of podid's kinds as they are on the wire, from the schemas of deploy/crds.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { compile, type JSONSchema } from "json-schema-to-typescript";
import { parse } from "yaml";
import { z } from "zod";

const node = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  nullable: z.boolean().optional(),
  properties: z.record(z.string(), z.json()).optional(),
  additionalProperties: z.json().optional(),
  items: z.json().optional(),
  required: z.array(z.string()).optional(),
  enum: z.array(z.string()).optional(),
  "x-kubernetes-preserve-unknown-fields": z.boolean().optional(),
});
type Node = z.infer<typeof node>;
const crd = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.tuple([z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: node }) })]),
  }),
});

const banner = `// Written by tools/write-crd-types.ts from deploy/crds; \`npm run generate\` writes it again.

/** metav1.ObjectMeta, as far as podid reads or writes it. */
interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}`;

/**
 * The text of a module with one type for each kind in `directory` (`<Kind>Object`), and for every object within
 * (`<Kind>Spec`, `<Kind>Status`, …). Everything is readonly; what a schema closes has no other fields.
 */
export async function renderCrdTypes(directory: string): Promise<string> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).toSorted();
  const kinds = await Promise.all(files.map((file) => renderKind(join(directory, file))));
  return `${[banner, ...kinds].join("\n\n")}\n`;
}

async function renderKind(path: string): Promise<string> {
  const { group, names, versions } = crd.parse(parse(await readFile(path, "utf8"))).spec;
  const [{ name, schema }] = versions;
  const root = jsonSchemaOf(schema.openAPIV3Schema, names.kind);
  const compiled = await compile(
    {
      ...root,
      title: `${names.kind}Object`,
      properties: {
        ...root.properties,
        apiVersion: { const: `${group}/${name}` },
        kind: { const: names.kind },
        metadata: { tsType: "ObjectMeta" },
      },
      required: ["apiVersion", "kind", "metadata", ...(schema.openAPIV3Schema.required ?? [])],
    },
    names.kind,
    { bannerComment: "", ignoreMinAndMaxItems: true, style: { printWidth: 110, bracketSpacing: true } },
  );
  return readonlyText(compiled).trim();
}

/** A structural schema as JSON schema; `title` becomes the name of its type. */
function jsonSchemaOf(value: unknown, title: string): JSONSchema {
  const schema = node.parse(value);
  const described = schema.description === undefined ? {} : { description: schema.description };
  if (schema.type === "array") {
    const list: JSONSchema = {
      ...described,
      type: "array",
      items: jsonSchemaOf(schema.items, `${title}Item`),
    };
    return schema.nullable === true ? { ...described, oneOf: [list, { type: "null" }] } : list;
  }
  if (schema.type === "object") return { ...described, ...objectSchemaOf(schema, title) };
  if (schema.enum !== undefined) return { ...described, enum: schema.enum };
  const type = schema.type === "integer" || schema.type === "boolean" ? schema.type : "string";
  return { ...described, type: schema.nullable === true ? [type, "null"] : type };
}

function objectSchemaOf(schema: Node, title: string): JSONSchema {
  const { properties, additionalProperties, required = [] } = schema;
  if (additionalProperties !== undefined) {
    return { type: "object", additionalProperties: jsonSchemaOf(additionalProperties, `${title}Value`) };
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === true)
    return { tsType: "Readonly<Record<string, unknown>>" };
  // An object without fields: the server prunes whatever stands in it.
  if (properties === undefined) return { tsType: "Readonly<Record<string, never>>" };
  const fields = Object.entries(properties).map(([name, inner]): [string, JSONSchema] => [
    name,
    jsonSchemaOf(inner, `${title}${name.charAt(0).toUpperCase()}${name.slice(1)}`),
  ]);
  return {
    type: "object",
    title,
    additionalProperties: false,
    properties: Object.fromEntries(fields),
    required,
  };
}

/** The compiler knows no `readonly`: fields, index signatures and lists get it here. */
function readonlyText(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      /^\s*(\*|\/\*)/.test(line)
        ? line
        : line.replace(/^(\s+)(?=[\w"[].*: )/, "$1readonly ").replaceAll(/\b(\w+)\[\]/g, "readonly $1[]"),
    )
    .join("\n");
}
