// What tools/crd-types.ts needs of the package. Its own declarations pull in those of json-schema-ref-parser, which do not
// pass exactOptionalPropertyTypes; tsconfig.json points here instead, so that everything else stays checked.

export interface JSONSchema {
  title?: string;
  description?: string;
  type?: string | readonly string[];
  const?: string;
  enum?: readonly string[];
  oneOf?: readonly JSONSchema[];
  items?: JSONSchema;
  properties?: Readonly<Record<string, JSONSchema>>;
  additionalProperties?: boolean | JSONSchema;
  required?: readonly string[];
  /** Text of a type that is taken as it is. */
  tsType?: string;
}

export interface Options {
  bannerComment?: string;
  ignoreMinAndMaxItems?: boolean;
  /** Options of prettier. */
  style?: { printWidth?: number; bracketSpacing?: boolean };
}

/** The text of TypeScript declarations for a schema; titles become names. */
export function compile(schema: JSONSchema, name: string, options?: Options): Promise<string>;
