import * as fc from "fast-check";

import { durationText, maybe, spoiling, stampNear, fieldsOf, type Fields, type Setting } from "./time-box.ts";

/** A binding as it stands in `data.cluster`, with the selector that the host indexes it by. */
export interface Binding extends Fields {
  readonly namespace: string;
  readonly name: string;
  readonly selector: string;
}

interface Grant extends Fields {
  readonly namespace: string;
  readonly name: string;
}

const person = fc.constantFrom("alice", "bob", "carol");

export const podName: fc.Arbitrary<string> = fc.constantFrom("web-0", "web-1");

function length(setting: Setting): fc.Arbitrary<string> {
  const duration = durationText(setting);
  if (setting.tidy) return duration;
  return fc.oneof(
    { weight: 20, arbitrary: duration },
    { weight: 1, arbitrary: fc.constantFrom("3 weeks", "0s", "") },
  );
}

/** Up to three grants for the binding, each with up to three approvals, some of which are for something else. */
function grantsOf(
  binding: Binding,
  setting: Setting,
): fc.Arbitrary<readonly { readonly grant: Grant; readonly approvals: readonly Fields[] }[]> {
  const approval = fc.record({
    created: maybe(stampNear(setting, 12), 98),
    uid: fc.constantFrom("uid", "uid", "uid", "uid", "uid", "old"),
    binding: fc.constantFrom(binding.name, binding.name, binding.name, binding.name, "other"),
    approver: person,
    decision: fc.constantFrom(..."Approve Approve Approve Approve Approve Approve Deny approve".split(" ")),
  });
  const grant = fc
    .record({
      name: fc.constantFrom("g1", "g2", "g3").map((name) => `${binding.name}-${name}`),
      facts: fc.record({
        created: maybe(stampNear(setting, 12), 98),
        requester: person,
        for: length(setting),
        notBefore: maybe(stampNear(setting, 12), 20),
        podName: maybe(podName, 20),
        revoked: fc.constantFrom(false, false, false, false, true),
      }),
      approvals: fc.array(approval, { maxLength: 3 }),
    })
    .map(({ name, facts, approvals }) => ({
      grant: {
        ...fieldsOf(facts),
        namespace: binding.namespace,
        name,
        uid: `${name}-uid`,
        binding: binding.name,
      },
      approvals: approvals.map(({ uid, ...rest }, index) => ({
        ...fieldsOf(rest),
        name: `${name}-${index}`,
        grantUID: `${name}-${uid}`,
      })),
    }));
  return fc.uniqueArray(grant, { maxLength: 3, selector: (one) => one.grant.name });
}

/** `grants` by binding and `approvals` by grant, as they stand in `data.cluster`. */
export function randomGrants(bindings: readonly Binding[], setting: Setting): fc.Arbitrary<Fields> {
  return fc.tuple(...bindings.map((binding) => grantsOf(binding, setting))).map((perBinding) => ({
    grants: Object.fromEntries(
      bindings.map((binding, index) => [keyOf(binding), (perBinding[index] ?? []).map(({ grant }) => grant)]),
    ),
    approvals: Object.fromEntries(perBinding.flat().map(({ grant, approvals }) => [keyOf(grant), approvals])),
  }));
}

/** A question to `validate` about a grant or an approval. */
export function randomAccessObject(setting: Setting): fc.Arbitrary<Fields> {
  const text = spoiling(fc.constantFrom("nightly", "fix", "the job hangs since noon"));
  const grant = fc.record(
    {
      bindingName: text,
      requester: text,
      justification: text,
      ticket: text,
      for: spoiling(length(setting)),
      notBefore: spoiling(stampNear(setting, 12)),
      podName: text,
      revoked: spoiling(fc.boolean()),
      unknown: text,
    },
    { requiredKeys: ["bindingName", "requester"] },
  );
  const approval = fc.record(
    {
      grantName: text,
      grantUID: text,
      bindingName: text,
      approver: text,
      decision: spoiling(fc.constantFrom("Approve", "Deny", "approve")),
      comment: text,
    },
    { requiredKeys: ["grantName", "grantUID"] },
  );
  return fc.oneof(
    grant.map((spec) => ({ kind: "AzureIdentityAccessGrant", object: { spec } })),
    approval.map((spec) => ({ kind: "AzureIdentityAccessApproval", object: { spec } })),
  );
}

export function keyOf({
  namespace: space,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${space}/${name}`;
}
