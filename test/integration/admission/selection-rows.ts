import type { Kind } from "./cluster.ts";
import { type Row, rowsFor } from "./rows.ts";

/** A label selector: the same in `match.podSelector` and in `usableBy.namespaceSelector`. */
const selectorRows = (kind: Kind, at: string, specOf: (selector: object) => object): readonly Row[] => {
  const expression = (more: object): object =>
    specOf({ matchExpressions: [{ key: "app", operator: "In", values: ["web"], ...more }] });
  return [
    ...rowsFor<string>(kind, `${at}.matchLabels{}`, (app) => specOf({ matchLabels: { app } }), {
      pattern: ["", "a label of a sentence"],
    }),
    ...rowsFor<object>(kind, `${at}.matchExpressions[]`, (more) => specOf({ matchExpressions: [more] }), {
      "values belong to the operators In and NotIn, and to no other": [
        { key: "app", operator: "Exists" },
        { key: "app", operator: "In" },
      ],
    }),
    ...rowsFor<string>(kind, `${at}.matchExpressions[].key`, (key) => expression({ key }), {
      pattern: ["example.com/team", "Example.com/team"],
    }),
    ...rowsFor<string>(
      kind,
      `${at}.matchExpressions[].values[]`,
      (value) => expression({ values: [value] }),
      {
        pattern: ["v1.2_3", "-"],
      },
    ),
  ];
};

const match = (parts: object): object => ({ match: parts });
const usableBy = (parts: object): object => ({ usableBy: parts });

const bindingRows = [
  ...selectorRows("AzureIdentityBinding", "spec.match.podSelector", (podSelector) => match({ podSelector })),
  ...["serviceAccounts", "pods"].flatMap((list) =>
    rowsFor<string>("AzureIdentityBinding", `spec.match.${list}[]`, (name) => match({ [list]: [name] }), {
      pattern: ["web-0", "shop/web"],
    }),
  ),
  ...rowsFor<string>("AzureIdentityBinding", "spec.match.spiffeIDs[]", (id) => match({ spiffeIDs: [id] }), {
    pattern: ["spiffe://example.org/ns/shop/sa/web", "https://example.org/ns/shop"],
  }),
];

const identityRows = [
  ...rowsFor<object>("AzureIdentity", "spec", (spec) => spec, {
    "federated is for type 3 alone: set type: 3, or remove federated": [
      { type: 3, federated: {} },
      { type: 0, federated: {} },
    ],
  }),
  ...rowsFor<string>("AzureIdentity", "spec.objectID", (objectID) => ({ objectID }), {
    pattern: ["0a1b2c3d-0000-4000-8000-0123456789AB", "reader"],
  }),
  ...rowsFor<string>(
    "AzureIdentity",
    "spec.usableBy.namespaces[]",
    (name) => usableBy({ namespaces: [name] }),
    {
      pattern: ["shop", "Shop"],
    },
  ),
  ...selectorRows("AzureIdentity", "spec.usableBy.namespaceSelector", (namespaceSelector) =>
    usableBy({ namespaceSelector }),
  ),
  ...rowsFor<string>(
    "AzureIdentity",
    "spec.usableBy.serviceAccounts[]",
    (name) => usableBy({ serviceAccounts: [name] }),
    { pattern: ["shop/web", "a/b/c"] },
  ),
];

export const selectionRows: readonly Row[] = [...bindingRows, ...identityRows];
