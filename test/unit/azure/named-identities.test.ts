import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { namedIdentities } from "../../../src/azure/named-identities.ts";
import { change, machine, signal, start } from "./arm-script.ts";
import { json } from "./loopback.ts";
import { drive, managed, vm } from "./world.ts";

const good = managed("good");
const inOddGroup = managed("reader").replace(/resourceGroups\/[^/]+/, "resourceGroups/Gröde-(1).x");

describe("the identities that a text of ARM names", () => {
  const rows = [
    { name: "a dot", id: managed("my.id") },
    { name: "an umlaut", id: managed("lesör") },
    { name: "an umlaut at the end", id: managed("goodö") },
    { name: "a trailing slash", id: `${good}/` },
    { name: "a child", id: `${good}/child` },
    { name: "a leading space", id: ` ${good}` },
    { name: "a trailing newline", id: `${good}\n` },
    { name: "more of a name", id: `${good}-2` },
    { name: "a dot after a name", id: `${good}.2` },
    { name: "an escape", id: `${good}%20` },
    { name: "an odd resource group", id: inOddGroup },
  ];
  for (const { name, id } of rows) {
    it(`are those that were sent, and not one that is a part of them: ${name}`, () => {
      const text = `Resource '${id.toUpperCase()}' was not found.`;
      for (const sent of [
        [good, id],
        [id, good],
      ]) {
        assert.deepEqual(namedIdentities(text, sent), [id]);
      }
      assert.ok(!namedIdentities(text, [managed("other")]).includes(managed("other")));
    });
    if (id.startsWith(good) && id !== `${good}\n`) {
      it(`are not what merely begins one that was not sent: ${name}`, () => {
        assert.ok(!namedIdentities(`Resource '${id}' was not found.`, [good]).includes(good));
      });
    }
  }

  it("end where the sentence does, or a list goes on", () => {
    for (const text of [
      `No ${good}.`,
      `No ${good}: it is gone`,
      `(${good})`,
      `${good},${managed("x")}`,
      good,
    ])
      assert.equal(namedIdentities(text, [good])[0], good);
  });

  it("are all of them, each once, and others as written after those that were sent", () => {
    const other = managed("Somebody-Elses");
    const text = `'${other}','${managed("good-2")}','${good}','${good}','${other.toLowerCase()}'.`;
    assert.deepEqual(
      namedIdentities(text, [good, managed("good-2"), managed("unnamed")]).map((id) => id.toLowerCase()),
      [managed("good-2"), good, other].map((id) => id.toLowerCase()),
    );
  });

  it("are none where no id is", () => {
    assert.deepEqual(namedIdentities("The request is not right.", [good]), []);
  });
});

const answerWith = (message: string): object => ({
  error: {
    code: "FailedIdentityOperation",
    message,
    details: [{ code: "NotFound", message: "gone", target: managed("writer") }],
  },
});

describe("an error of ARM with details", () => {
  const rows = [
    { name: "that alone name the identity", message: "See details.", identities: [managed("writer")] },
    {
      name: "beside a message that names one",
      message: managed("auditor"),
      identities: [managed("auditor")],
    },
  ];
  for (const { name, message, identities } of rows) {
    it(`names the culprit when an operation ends with it: ${name}`, async (t) => {
      const polls = [json(200, { status: "Failed", ...answerWith(message) })];
      const { clock, compute } = await start(t, { polls, get: machine(["reader"]) });
      const result = await drive(clock, compute.changeIdentities(vm, change, signal));
      assert.ok(!result.ok);
      assert.deepEqual([result.failure.kind, result.failure.identities], ["refused", identities]);
    });
  }
});
