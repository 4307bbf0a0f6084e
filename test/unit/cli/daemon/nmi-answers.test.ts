import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { nmiFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";
import { readAnswers } from "../../../../src/cli/daemon/nmi-answers.ts";
import { CommandError } from "../../../../src/cli/errors.ts";

function answersOf(...args: readonly string[]): ReturnType<typeof readAnswers> {
  return readAnswers(parseFlags("nmi", nmiFlags, args));
}

describe("what NMI's flags say of its answers", () => {
  it("is what aad-pod-identity did, unless told otherwise: the host's endpoint, and instance metadata", () => {
    assert.deepEqual(answersOf(), {
      servesHostToken: true,
      metadataAreas: ["instance", "versions"],
      retryAfterUnselected: false,
    });
  });

  const rows: Readonly<Record<string, { readonly args: readonly string[]; readonly says: object }>> = {
    "--block-instance-metadata takes instance metadata away": {
      args: ["--block-instance-metadata"],
      says: { metadataAreas: ["versions"] },
    },
    "and does so whatever else is listed": {
      args: ["--block-instance-metadata=true", "--metadata-paths=instance,scheduledevents,attested"],
      says: { metadataAreas: ["scheduledevents", "attested"] },
    },
    "--metadata-paths may be empty": { args: ["--metadata-paths="], says: { metadataAreas: [] } },
    "--host-token-endpoint=false closes the host's endpoint": {
      args: ["--host-token-endpoint=false"],
      says: { servesHostToken: false },
    },
    "--set-retry-after-header with attempts 1/1 every second, as the reference advises": {
      args: [
        "--set-retry-after-header",
        "--retry-attempts-for-created=1",
        "--retry-attempts-for-assigned=1",
        "--find-identity-retry-interval=1",
      ],
      says: { retryAfterUnselected: true, holdPendingMs: 2_000 },
    },
    "the reference's own attempts last longer than SDKs do, so they end after 50 s": {
      args: ["--retry-attempts-for-created=16"],
      says: { holdPendingMs: 50_000 },
    },
  };
  for (const [name, { args, says }] of Object.entries(rows)) {
    it(name, () => assert.partialDeepStrictEqual(answersOf(...args), says));
  }

  it("refuses a part of the metadata that is not on the list", () => {
    assert.throws(() => answersOf("--metadata-paths=instance,identity"), CommandError);
  });

  it("warns that the Metadata header stays required, and that no name lets a pod through", () => {
    const { warnings } = parseFlags("nmi", nmiFlags, [
      "--metadata-header-required=false",
      "--MICNamespace=mic",
    ]);
    assert.deepEqual(
      warnings.map((warning) => /^flag --(\S+) is accepted/.exec(warning)?.[1]),
      ["metadata-header-required", "MICNamespace"],
    );
  });
});
