import { readFile } from "node:fs/promises";

import { readBundle, type Bundle } from "../engine/bundle.ts";
import { createEngine, type Engine, type EngineOptions } from "../engine/engine.ts";
import { EngineError } from "../engine/errors.ts";
import { renderReason } from "../engine/reasons.ts";
import type { ManifestJudge } from "../kubernetes/manifest-assessment.ts";
import type { Clock } from "../runtime/clock.ts";
import { CommandError } from "./errors.ts";
import { shippedFiles } from "./paths.ts";

/**
 * Loads the policy in the bundle `file`; empty: the one that ships with podid.
 * @throws CommandError 3 when the bundle is not there or cannot run.
 */
export async function loadPolicy(
  clock: Clock,
  listeners: Omit<EngineOptions, "nowMs"> = {},
  file = "",
): Promise<Engine> {
  return readPolicy(policyFile(file))
    .then((bundle) => createEngine(bundle, { nowMs: () => clock.monotonicMs(), ...listeners }))
    .catch(commandErrorOf);
}

/**
 * Reads the bundle `file`, and tells whether its module is the one that ships.
 * @throws EngineError as `readBundle` does.
 */
export async function readPolicy(file: string): Promise<Bundle> {
  const shippedModule = await readFile(shippedFiles.moduleDigest, "utf8").catch((cause: unknown) => {
    const message = `cannot read ${shippedFiles.moduleDigest}; run \`make build\``;
    throw new EngineError("BundleUnreadable", message, { cause });
  });
  return readBundle(file, shippedModule.trim());
}

/** The bundle that a flag `--policy` means; empty: the one that ships with podid. */
export function policyFile(flag: string): string {
  return flag === "" ? shippedFiles.bundle : flag;
}

/** @throws CommandError 3 for a policy that cannot be loaded, anything else as it is. */
export function commandErrorOf(cause: unknown): never {
  if (!(cause instanceof EngineError)) throw cause;
  throw new CommandError(3, cause.message, { cause });
}

/** Lets the policy check manifests: its `validate` answers become lines for whoever wrote them. */
export function judgeManifests(engine: Engine): ManifestJudge {
  return (kind, object) => {
    const { reasons } = engine.decide("validate", { kind, object });
    return reasons.map(({ code, params }) => ({
      field: params["field"] ?? "spec",
      message: params["problem"] ?? renderReason({ code, params }),
    }));
  };
}
