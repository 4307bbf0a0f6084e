import { shippedFiles } from "../../../src/cli/paths.ts";
import type { ApiCall } from "../../../src/kubernetes/api.ts";
import {
  readShippedAdmission,
  type AdmissionKind,
  type ShippedAdmission,
} from "../../../src/kubernetes/served-admission-object.ts";
import { listAnswer } from "./scripted-api.ts";

export const shipped = await readShippedAdmission(shippedFiles.admission);
export const installedAt = "2026-06-14T12:00:00Z";

/** A policy or binding as an API server answers it. */
export interface Served {
  readonly kind: AdmissionKind;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly managedFields: readonly object[];
  };
  readonly spec: ShippedAdmission["spec"];
}

/** Who set what of the spec, and when. */
export function edit(time: string | null, fieldsV1: object = { "f:spec": {} }, more: object = {}): object {
  return { manager: "kubectl", operation: "Apply", ...(time === null ? {} : { time }), fieldsV1, ...more };
}

/** What ships, as `kubectl apply` left it at `installedAt`. */
export const installed: readonly Served[] = shipped.map(({ kind, name, spec }, index) => ({
  kind,
  metadata: {
    name,
    uid: `uid-${index}`,
    resourceVersion: "10",
    generation: 1,
    creationTimestamp: installedAt,
    managedFields: [edit(installedAt)],
  },
  spec,
}));

/** The cluster's objects, with that one policy or binding changed; undefined takes it away. */
export function withChanged(
  kind: AdmissionKind,
  name: string,
  change: (one: Served) => Served | undefined,
): readonly Served[] {
  return installed.flatMap((one) =>
    one.kind === kind && one.metadata.name === name ? (change(one) ?? []) : one,
  );
}

/** The API server's answer to a list of either kind. */
export function answerWith(objects: readonly Served[]): (call: Pick<ApiCall, "path">) => object {
  return ({ path }) =>
    listAnswer(
      "10",
      objects.filter(({ kind }) => path.endsWith("bindings") === kind.endsWith("Binding")),
    );
}

export function at(time: string): number {
  return Temporal.Instant.from(time).epochMilliseconds;
}
