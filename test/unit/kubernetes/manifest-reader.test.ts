import assert from "node:assert/strict";
import { chmod, mkdir, rm, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, it } from "node:test";

import { readManifestTexts } from "../../../src/kubernetes/manifest-files.ts";
import { createManifestReader } from "../../../src/kubernetes/manifest-reader.ts";
import {
  binding,
  folderWith,
  identity,
  pod,
  readDirectory,
  readFolder,
  reading,
  writeManifest,
} from "./manifest-fixtures.ts";

describe("a folder of manifests", () => {
  it("loads the reference's demo manifests without a problem", async () => {
    const { resources, secrets, problems } = await readDirectory(
      join(import.meta.dirname, "fixtures/reference-demo"),
    );
    assert.deepEqual(
      problems.map(({ severity, message }) => ({ severity, message })),
      [{ severity: "notice", message: "Deployment is passed over: podid does not read this kind" }],
    );
    assert.deepEqual(
      [...resources.AzureIdentity.keys()],
      ["default/demo-service-principal", "default/demo-aad-identity"],
    );
    assert.equal(
      resources.AzureIdentityBinding.get("default/demo-azure-identity-binding")?.spec.selector,
      "demo",
    );
    assert.equal(resources.Pod.get("default/demo")?.labels["aadpodidbinding"], "demo");
    assert.deepEqual(resources.AzurePodIdentityException.get("default/mic-exception")?.spec.podLabels, {
      app: "mic",
      component: "mic",
    });
    assert.deepEqual(resources.AzureIdentity.get("default/demo-service-principal")?.spec.clientPassword, {
      name: "demo-secret",
      namespace: "default",
    });
    assert.deepEqual(secrets.get("default/demo-secret"), new Map([["clientsecret", "not-a-real-secret"]]));
  });

  it("reads yaml, yml and json, in folders below too, and nothing else", async (t) => {
    const { keys, lines } = await readFolder(t, {
      "a.yaml": pod("a"),
      "b.yml": pod("b"),
      "below/deep/c.json":
        '{\n\t"apiVersion": "v1",\n\t"kind": "Pod",\n\t"metadata": {"name": "c", "namespace": "shop"}\n}',
      "notes.txt": "not: [a manifest",
      ".hidden.yaml": "not: [a manifest",
      "..data/a.yaml": pod("a"),
      "empty.yaml": "",
      "comment.yaml": "# nothing here\n---\n# nor here\n",
    });
    assert.deepEqual(lines, []);
    assert.deepEqual(keys, ["Pod shop/a", "Pod shop/b", "Pod shop/c"]);
  });

  it("reads several documents, List and <Kind>List", async (t) => {
    const { keys, lines } = await readFolder(t, {
      "all.yaml": [
        `%YAML 1.2\n---\n${pod("one")}`,
        `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: two}\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n`,
        "apiVersion: v1\nkind: NamespaceList\nitems:\n- metadata: {name: shop}\n",
        "apiVersion: aadpodidentity.k8s.io/v1\nkind: AzureIdentityBindingList\nmetadata: {}\nitems: [{metadata: {name: b}, spec: {azureIdentity: x}}]\n",
      ].join("---\n"),
    });
    assert.deepEqual(lines, []);
    assert.deepEqual(keys, [
      "Pod shop/one",
      "Pod default/two",
      "Node n1",
      "Namespace shop",
      "AzureIdentityBinding default/b",
    ]);
  });

  it("names the line of an item's field", async (t) => {
    const { lines } = await readFolder(t, {
      "list.yaml": `kind: List
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: fine
- apiVersion: aadpodidentity.k8s.io/v1
  kind: AzureIdentityBinding
  metadata:
    name: b
  spec:
    timeBox:
      notAfter: tomorrow
- just text
`,
    });
    assert.match(
      lines[0] ?? "",
      /^list\.yaml:14: spec\.timeBox\.notAfter: "tomorrow" does not fit: an instant with its zone/,
    );
    assert.match(lines[1] ?? "", /^list\.yaml:15: kind: missing/);
    assert.equal(lines.length, 2);
  });

  it("follows anchors and merge keys", async (t) => {
    const { resources, lines } = await readFolder(t, {
      "a.yaml": `apiVersion: v1
kind: Pod
metadata: {name: a, labels: &labels {app: web}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: b, labels: &more {app: web}}}
- {apiVersion: v1, kind: Pod, metadata: {name: c, labels: {<<: *more, tier: front}}}
`,
    });
    assert.deepEqual(lines, []);
    assert.deepEqual(resources.Pod.get("default/c")?.labels, { app: "web", tier: "front" });
  });

  it("serves neither of two objects with one name, and names both places", async (t) => {
    const { keys, lines } = await readFolder(t, {
      "a.yaml": `${pod("web")}---\n${identity("reader")}`,
      "b.yaml": identity("reader", "  clientID: other\n"),
      "c.yaml": identity("writer"),
    });
    assert.deepEqual(lines, [
      "a.yaml:10: metadata.name: AzureIdentity shop/reader is also in b.yaml:4: keep one; until then none of them is served",
      "b.yaml:4: metadata.name: AzureIdentity shop/reader is also in a.yaml:10: keep one; until then none of them is served",
    ]);
    assert.deepEqual(keys, ["Pod shop/web", "AzureIdentity shop/writer"]);
  });

  it("does not let a broken copy make the other one good", async (t) => {
    const { keys } = await readFolder(t, {
      "a.yaml": identity("reader"),
      "b.yaml": identity("reader", "  weight: 1\n"),
    });
    assert.deepEqual(keys, []);
  });

  it("reports what the judge finds and serves the object all the same", async (t) => {
    const asked: string[] = [];
    const { keys, lines } = await readFolder(
      t,
      {
        "a.yaml": `${binding("empty", "  timeBox: {}\n")}---\n${binding("broken", "  weight: ten\n")}---\n${identity("reader")}---\n${pod("web")}`,
        "b.yaml": binding(
          "zone",
          "  timeBox:\n    openWhen: Schedule\n    timeZone: Mars/Phobos\n    windows:\n    - weekdays: [Mon]\n      months: [Jan]\n",
        ),
      },
      reading((kind, object) => {
        asked.push(kind);
        const text = JSON.stringify(object);
        if (text.includes('"timeBox":{}')) {
          return [
            { field: "spec.timeBox", message: "limits nothing: give at least one of suspend, notBefore" },
          ];
        }
        return text.includes("Mars")
          ? [
              { field: "spec.timeBox.timeZone", message: "unknown time zone" },
              { field: "spec.timeBox.windows[0].months", message: "no" },
              { field: "spec.timeBox.jit.approvals", message: "absent" },
            ]
          : [];
      }),
    );
    assert.deepEqual(lines, [
      "a.yaml:9: spec.timeBox: limits nothing: give at least one of suspend, notBefore",
      "a.yaml:19: spec.weight: must be integer, is text",
      "b.yaml:9: spec.timeBox.jit.approvals: absent",
      "b.yaml:11: spec.timeBox.timeZone: unknown time zone",
      "b.yaml:14: spec.timeBox.windows[0].months: no",
    ]);
    assert.deepEqual(asked.toSorted(), ["AzureIdentity", "AzureIdentityBinding", "AzureIdentityBinding"]);
    assert.deepEqual(keys, [
      "Pod shop/web",
      "AzureIdentity shop/reader",
      "AzureIdentityBinding shop/empty",
      "AzureIdentityBinding shop/zone",
    ]);
  });

  it(
    "serves the rest when a file or a folder cannot be read",
    { skip: process.getuid?.() === 0 && "root reads everything" },
    async (t) => {
      const directory = await folderWith(t, {
        "a.yaml": pod("a"),
        "b.yaml": pod("b"),
        "below/c.yaml": pod("c"),
      });
      await chmod(join(directory, "b.yaml"), 0);
      await chmod(join(directory, "below"), 0);
      const { resources, problems } = await readDirectory(directory);
      await chmod(join(directory, "below"), 0o700);
      assert.deepEqual([...resources.Pod.keys()], ["shop/a"]);
      assert.equal(problems.length, 2);
    },
  );

  it("follows links to files, and says so when one leads nowhere", async (t) => {
    const directory = await folderWith(t, { "a.yaml": pod("a") });
    const elsewhere = await folderWith(t, { "b.yaml": pod("b") });
    await symlink(join(elsewhere, "b.yaml"), join(directory, "b.yaml"));
    await symlink(join(elsewhere, "gone.yaml"), join(directory, "c.yaml"));
    await symlink(elsewhere, join(directory, "folder"));
    await mkdir(join(directory, "empty"));
    const { resources, problems } = await readDirectory(directory);
    assert.deepEqual([...resources.Pod.keys()], ["shop/a", "shop/b"]);
    assert.deepEqual(
      problems.map(({ file, line }) => [relative(directory, file), line]),
      [["c.yaml", 1]],
    );
    assert.match(problems[0]?.message ?? "", /^cannot be read: ENOENT/);
  });

  it("rejects when the folder itself cannot be read", async (t) => {
    const directory = await folderWith(t, {});
    await assert.rejects(readManifestTexts(join(directory, "gone")), { code: "ENOENT" });
  });

  it("gives another resourceVersion to other content, and the same to the same", async (t) => {
    const directory = await folderWith(t, { "a.yaml": identity("reader") });
    const version = async (): Promise<string> => {
      const { resources } = await readDirectory(directory);
      return resources.AzureIdentity.get("shop/reader")?.resourceVersion ?? "none";
    };
    const first = await version();
    await writeManifest(directory, "a.yaml", `# a comment\n${identity("reader")}`);
    assert.equal(await version(), first);
    await writeManifest(directory, "a.yaml", identity("reader", "  clientID: x\n"));
    assert.notEqual(await version(), first);
  });

  it("reads changed files alone, and gives the very same objects for the others", async (t) => {
    const directory = await folderWith(t, {
      "a.yaml": identity("reader"),
      "b.yaml": `${binding("nightly")}---\n${binding("broken", "  colour: red\n")}`,
      "c.yaml": binding("weekly"),
    });
    const asked: string[] = [];
    const reader = createManifestReader(
      reading((kind, { metadata }) => {
        asked.push(`${kind} ${JSON.stringify(metadata)}`);
        return [];
      }),
    );
    const first = reader.read(await readManifestTexts(directory));
    assert.equal(asked.length, 3);
    assert.equal(reader.read(await readManifestTexts(directory)), first);

    asked.length = 0;
    await writeManifest(directory, "c.yaml", `# moved down\n${binding("weekly", "  weight: 1\n")}`);
    const second = reader.read(await readManifestTexts(directory));
    assert.deepEqual(asked, ['AzureIdentityBinding {"name":"weekly","namespace":"shop"}']);
    assert.equal(
      second.resources.AzureIdentity.get("shop/reader"),
      first.resources.AzureIdentity.get("shop/reader"),
    );
    assert.equal(second.resources.AzureIdentityBinding.get("shop/weekly")?.spec.weight, 1);
    assert.deepEqual(second.problems, first.problems);
    assert.equal(second.problems.length, 1);
  });

  it("finds duplicates between changed and unchanged files, and forgets files that are gone", async (t) => {
    const directory = await folderWith(t, { "a.yaml": pod("web") });
    const reader = createManifestReader(reading());
    const keys = async (): Promise<readonly string[]> => [
      ...reader.read(await readManifestTexts(directory)).resources.Pod.keys(),
    ];
    assert.deepEqual(await keys(), ["shop/web"]);
    await writeManifest(directory, "b.yaml", pod("web"));
    assert.deepEqual(await keys(), []);
    await rm(join(directory, "a.yaml"));
    assert.deepEqual(await keys(), ["shop/web"]);
    await rm(join(directory, "b.yaml"));
    assert.deepEqual(await keys(), []);
  });
});
