import * as fc from "fast-check";

import { keyOf, podName, randomAccessObject, randomGrants, type Binding } from "./access.ts";
import {
  bindingCreated,
  fieldsOf,
  maybe,
  near,
  randomTimeBox,
  stampNear,
  type Fields,
  type Setting,
} from "./time-box.ts";

/** Random documents and questions, laid out as src/engine/cluster-document.ts and input.ts lay them out. */

export interface RandomCluster {
  /** Without the answers of `validate` that the host keeps beside each time box. */
  readonly bindings: readonly Binding[];
  /** The rest of `data.cluster`. */
  readonly facts: Fields;
  /** Questions of kinds other than bindings; those are asked as they stand above. */
  readonly validate: readonly Fields[];
  readonly assign: readonly Fields[];
  readonly token: readonly Fields[];
}

const namespace = fc.constantFrom("shop", "shop", "shop", "shop", "bank");
const labels = fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("web", "front", ""), {
  maxKeys: 2,
});
const expression = fc.record(
  {
    key: fc.constantFrom("app", "tier", "none"),
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Near"),
    values: fc.subarray(["web", "front", "x"]),
  },
  { requiredKeys: ["key", "operator"] },
);
const labelSelector = fc.record(
  { matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const match = fc.record(
  {
    podSelector: labelSelector,
    serviceAccounts: fc.subarray(["web", "batch"]),
    pods: fc.subarray(["web-0", "web-1"]),
    spiffeIDs: fc.constant(["spiffe://shop/web"]),
  },
  { requiredKeys: [] },
);
const usableBy = fc.record(
  {
    namespaces: fc.subarray(["shop", "bank"]),
    namespaceSelector: labelSelector,
    serviceAccounts: fc.subarray(["web", "shop/web", "bank/batch"]),
  },
  { requiredKeys: [] },
);
const clientID = fc.constantFrom("client-a", "CLIENT-A", "client-b", "");
const objectID = fc.constantFrom("object-a", "Object-B");
const resourceID = fc.constantFrom(
  "/subscriptions/s/reader",
  "/Subscriptions/s/Reader",
  "/subscriptions/s/x",
);

const identityFacts = fc
  .record({
    type: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 7),
    clientID,
    objectID,
    resourceID,
    namespaced: fc.constantFrom(false, false, false, true),
    usableBy: maybe(usableBy, 15),
  })
  .map((fields) => fieldsOf(fields));
const identities = fc
  .record({
    "shop/reader": maybe(identityFacts, 97),
    "shop/writer": maybe(identityFacts, 90),
    "bank/ledger": maybe(identityFacts, 80),
  })
  .map((fields) => fieldsOf(fields));

function bindingsIn(setting: Setting): fc.Arbitrary<readonly Binding[]> {
  const binding = fc
    .record({
      namespace,
      name: fc.constantFrom("nightly", "oncall", "burst", "freeze", "extra"),
      identity: fc.constantFrom("shop/reader", "shop/reader", "shop/writer", "bank/ledger"),
      selector: fc.constantFrom("web", "web", "web", "web", "batch", ""),
      weight: fc.integer({ min: -1, max: 3 }),
      created: maybe(bindingCreated(setting), 95),
      match: maybe(match, 12),
      timeBox: maybe(randomTimeBox(setting), 85),
    })
    .map(({ namespace: space, name, selector, ...rest }) =>
      Object.assign(fieldsOf(rest), { namespace: space, name, selector }),
    );
  return fc.uniqueArray(binding, { minLength: 1, maxLength: 4, selector: keyOf });
}

function assignInput(setting: Setting): fc.Arbitrary<Fields> {
  const pod = fc
    .record({
      namespace,
      name: podName,
      labels: fc
        .tuple(labels, fc.constantFrom("web", "web", "web", "web", "batch", "none"))
        .map(([more, aadpodidbinding]) => fieldsOf(more, { aadpodidbinding })),
      serviceAccount: fc.constantFrom("web", "batch"),
      phase: fc.constantFrom(..."Running Running Running Running Running Running Pending Failed".split(" ")),
      startTime: maybe(stampNear(setting, 12), 90),
    })
    .map((fields) => fieldsOf(fields, { uid: "u1", annotations: {}, node: "node-1" }));
  return fc.record({
    now: near(setting, 20).map(nanoseconds),
    probes: fc.array(near(setting, 72).map(nanoseconds), { maxLength: 3 }),
    pod,
    mode: fc.constantFrom({ namespaced: false }, { namespaced: false }, { namespaced: true }),
  });
}

const tokenFields = fc.record({
  request: fc
    .record({ clientID: maybe(clientID, 20), objectID: maybe(objectID, 8), resourceID: maybe(resourceID, 8) })
    .map((ids) => fieldsOf(ids, { resource: "https://vault.azure.net" })),
  assigned: fc.array(
    fc.record({
      identity: fc.constantFrom("shop/reader", "shop/writer", "bank/ledger"),
      state: fc.constantFrom("Assigned", "Assigned", "Created"),
    }),
    { maxLength: 3 },
  ),
  caches: fc.record({ ageSeconds: fc.constantFrom(0, 60, 61) }),
});

/** A cluster with `questions` questions of each kind. */
export function randomCluster(setting: Setting, questions: number): fc.Arbitrary<RandomCluster> {
  const exactly = { minLength: questions, maxLength: questions };
  const token = fc.tuple(assignInput(setting), tokenFields).map((parts) => fieldsOf(...parts));
  return bindingsIn(setting).chain((bindings) =>
    fc.record({
      bindings: fc.constant(bindings),
      facts: fc
        .tuple(identities, randomGrants(bindings, setting), fc.dictionary(namespace, fc.record({ labels })))
        .map(([known, grants, namespaces]) =>
          fieldsOf(grants, { identities: known, exceptions: {}, namespaces }),
        ),
      validate: fc.array(randomAccessObject(setting), { maxLength: 4 }),
      assign: fc.array(assignInput(setting), exactly),
      token: fc.array(token, exactly),
    }),
  );
}

/** `data.cluster` of the bindings and the other facts, indexed as the host does it. */
export function clusterDocument(bindings: readonly Binding[], facts: Fields): Fields {
  const keysBy = (group: (binding: Binding) => string): Fields =>
    Object.fromEntries(
      Object.entries(Object.groupBy(bindings, group))
        .filter(([key]) => key !== "")
        .map(([key, members]) => [key, (members ?? []).map(keyOf)]),
    );
  return {
    ...facts,
    bindings: Object.fromEntries(bindings.map((binding) => [keyOf(binding), binding])),
    bindings_by_selector: keysBy(({ selector }) => selector),
    bindings_by_namespace: keysBy((binding) =>
      binding.selector === "" && binding["match"] !== undefined ? binding.namespace : "",
    ),
  };
}

function nanoseconds(seconds: number): number {
  return seconds * 1e9;
}
