import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Files that ship with podid; the same for the sources and for `dist`. */
export const shippedFiles = {
  bundle: resolve(root, "dist/policies.tar.gz"),
  /** Which module that bundle was built with. */
  moduleDigest: resolve(root, "dist/policies.digest"),
  manifest: resolve(root, "package.json"),
  /** From which commit; absent where it was not built from one. */
  build: resolve(root, "dist/build.json"),
  crds: resolve(root, "deploy/crds"),
  /** The same as JSON, for those who must not load a YAML parser. */
  definitions: resolve(root, "dist/crds"),
  /** deploy/admission in the same way. */
  admission: resolve(root, "dist/admission.json"),
  demoManifests: resolve(root, "demo"),
} as const;
