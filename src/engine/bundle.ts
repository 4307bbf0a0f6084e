import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

import { extract } from "tar-stream";
import { z } from "zod";

import { EngineError } from "./errors.ts";

/** A policy as `opa build -t wasm` packs it. */
export interface Bundle {
  readonly revision: string;
  /** `sha256:…` of the archive: what controller, NMI and `explain` compare. */
  readonly digest: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The bundle's own data; `cluster` is added by the host and may not stand in it. */
  readonly data: Readonly<Record<string, unknown>>;
  /** `sha256:…` of the module: what its rules are, whatever sources lie beside it. */
  readonly moduleDigest: string;
  /**
   * Whether the module is the one that ships with podid. Rules of any other nobody has reviewed: they may not
   * end, and may change their answer at an instant that no time box names.
   */
  readonly isShipped: boolean;
}

const roots = ["podid", "custom", "config"];
const maxInflatedBytes = 64 * 1024 * 1024;

const manifestSchema = z.object({
  revision: z.string().default(""),
  roots: z.array(z.string()),
});
const dataSchema = z.record(z.string(), z.unknown());

/**
 * Reads a bundle file (reference/opa-wasm.md §1.2). `shippedModule` is the digest of the module that ships; a
 * module is told by its bytes, since a package of ours may hold anybody's rules.
 * @throws EngineError `BundleUnreadable` when it is no archive, `BundleIncomplete` when a part is
 *   missing or its roots reach beyond podid, custom and config.
 */
export async function readBundle(path: string, shippedModule = ""): Promise<Bundle> {
  const archive = await readFile(path).catch((cause: unknown) => {
    throw new EngineError("BundleUnreadable", `cannot read the policy bundle ${path}; run \`make build\``, {
      cause,
    });
  });
  const files = await unpack(archive, path);
  const wasm = files.get("policy.wasm");
  const manifest = parseFile(files, ".manifest", manifestSchema, path);
  const data = parseFile(files, "data.json", dataSchema, path);
  if (wasm === undefined) {
    throw new EngineError(
      "BundleIncomplete",
      `${path}: policy.wasm is missing; build it with \`opa build -t wasm\``,
    );
  }
  const strange = [...manifest.roots, ...Object.keys(data)].find((root) => !roots.includes(root));
  if (strange !== undefined) {
    throw new EngineError(
      "BundleIncomplete",
      `${path}: "${strange}" is outside the roots ${roots.join(", ")}; ` +
        `put {"roots": ${JSON.stringify(roots)}} into its .manifest and your rules into package custom`,
    );
  }
  const moduleDigest = digestOf(wasm);
  return {
    revision: manifest.revision,
    digest: digestOf(archive),
    wasm: new Uint8Array(wasm),
    data,
    moduleDigest,
    isShipped: moduleDigest === shippedModule,
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function unpack(archive: Uint8Array, path: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  try {
    const entries = extract();
    entries.end(gunzipSync(archive, { maxOutputLength: maxInflatedBytes }));
    for await (const entry of entries) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk);
      files.set(entry.header.name.replace(/^\.?\//, ""), Buffer.concat(chunks));
    }
  } catch (cause) {
    throw new EngineError("BundleUnreadable", `${path} is not a policy bundle (.tar.gz)`, { cause });
  }
  return files;
}

function parseFile<T>(
  files: ReadonlyMap<string, Buffer>,
  name: string,
  schema: z.ZodType<T>,
  path: string,
): T {
  const bytes = files.get(name);
  if (bytes === undefined) throw new EngineError("BundleIncomplete", `${path}: ${name} is missing`);
  try {
    return schema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new EngineError("BundleIncomplete", `${path}: ${name} does not have the expected form`, { cause });
  }
}
