import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import * as fc from "fast-check";

import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { assignInput, findOpening, timeFacts } from "../../../src/engine/questions.ts";
import type { AzureIdentityBinding } from "../../../src/engine/resources.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../../../src/timebox/instant.ts";
import { findNextChange, type NextChange } from "../../../src/timebox/next-change.ts";
import { accessOf, randomScene, show, startEngine, type Scene } from "./scene.ts";

// The search for the next transition asks the policy at few instants; a scan asks it at every minute.

/** Clock changes: gaps and folds of an hour and of half an hour, at midnight, in zones off the full hour, a skipped day. */
const changes: readonly (readonly [zone: string, change: string])[] = [
  ["Europe/Berlin", "2026-03-29T01:00:00Z"],
  ["Europe/Berlin", "2026-10-25T01:00:00Z"],
  ["Europe/London", "2026-10-25T01:00:00Z"],
  ["America/New_York", "2026-03-08T07:00:00Z"],
  ["America/New_York", "2026-11-01T06:00:00Z"],
  ["America/St_Johns", "2026-03-08T05:30:00Z"],
  ["America/St_Johns", "2026-11-01T04:30:00Z"],
  ["America/Santiago", "2026-04-05T03:00:00Z"],
  ["America/Santiago", "2026-09-06T04:00:00Z"],
  ["America/Sao_Paulo", "2018-11-04T03:00:00Z"],
  ["Atlantic/Azores", "2026-10-25T01:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
  ["Australia/Adelaide", "2026-10-03T16:30:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00:00Z"],
  ["Pacific/Chatham", "2026-04-04T14:00:00Z"],
  ["Pacific/Chatham", "2026-09-26T14:00:00Z"],
  ["Antarctica/Troll", "2026-03-29T01:00:00Z"],
  ["Asia/Tehran", "2022-03-21T20:30:00Z"],
  ["Asia/Kathmandu", "2026-06-14T18:15:00Z"], // no change, but a zone on a quarter of an hour
];

const secondsPerHour = 3600;
const bindingsPerScene = 10;

interface Question {
  readonly scene: Scene;
  readonly now: Instant;
  readonly until: Instant;
}

/** Scenes whose question is asked within a day before the change, and which are scanned to half a day after it or longer. */
function sample(scenes: number, scanHours: number): readonly Question[] {
  const question = fc.constantFrom(...changes).chain(([zone, change]) => {
    const anchor = Temporal.Instant.from(change).epochMilliseconds / 1000;
    return fc
      .tuple(
        randomScene({ anchor, zones: [zone], tidy: true }, bindingsPerScene),
        fc.integer({ min: -24 * secondsPerHour, max: 2 * secondsPerHour }),
      )
      .map(([scene, offset]) => ({
        scene,
        now: instantFromSeconds(anchor + offset),
        until: instantFromSeconds(anchor + scanHours * secondsPerHour),
      }));
  });
  return fc.sample(question, { numRuns: scenes, seed: 11 });
}

/** Whether each binding is in force now and at every minute until `until`. */
function scan(engine: Engine, { scene, now, until }: Question): ReadonlyMap<string, readonly boolean[]> {
  const minutes = minutesOf(now, until);
  const states = new Map<string, boolean[]>(scene.bindings.map((binding) => [keyOf(binding), []]));
  for (let from = 0; from < minutes.length; from += 500) {
    const probes = minutes.slice(from, from + 500);
    const { candidates } = engine.decide("assign", assignInput(scene.pod, now, probes, false));
    assert.equal(candidates.length, scene.bindings.length);
    for (const { binding, inForce, probes: open } of candidates) {
      const list = states.get(binding);
      if (list?.length === 0) list.push(inForce);
      list?.push(...open);
    }
  }
  return states;
}

function minutesOf(now: Instant, until: Instant): readonly Instant[] {
  const minutes: Instant[] = [];
  const first = Math.floor(toSeconds(now) / 60) * 60 + 60;
  for (let at = first; at <= toSeconds(until); at += 60) minutes.push(instantFromSeconds(at));
  return minutes;
}

/** Compares the search with the scan for some bindings of the scene; answers whether there was a transition. */
function assertFound(
  engine: Engine,
  question: Question,
  bindings: readonly AzureIdentityBinding[],
  states: readonly boolean[],
): boolean {
  const { scene, now, until } = question;
  const { pod } = scene;
  const flip = states.findIndex((open) => open !== states[0]);
  const expected = flip === -1 ? null : (minutesOf(now, until)[flip - 1] ?? null);
  const { inForce, nextTransition, nextState, validUntil } =
    expected === null
      ? searchUntil(engine, question, bindings)
      : findOpening(engine, { pod, bindings, now, namespaced: false, access: accessOf(scene) });
  assert.deepEqual(
    { inForce, next: nextTransition === null ? null : formatInstant(nextTransition) },
    { inForce: states[0], next: expected === null ? null : formatInstant(expected) },
    `at ${formatInstant(now)}: ${JSON.stringify({ bindings, grants: scene.grants, approvals: scene.approvals })}`,
  );
  assert.equal(nextState, nextTransition === null ? null : inForce ? "closed" : "open");
  assert.equal(validUntil, inForce ? nextTransition : null);
  return expected !== null;
}

/** The search as far as the scan goes: 800 days of a box that never opens would take long. */
function searchUntil(
  engine: Engine,
  { scene, now, until }: Question,
  bindings: readonly AzureIdentityBinding[],
): NextChange {
  const keys = new Set(bindings.map(keyOf));
  return findNextChange({
    now,
    facts: timeFacts(scene.pod, bindings, accessOf(scene)),
    ask: (probes) => {
      const near = probes.filter((probe) => probe <= until);
      const { candidates } = engine.decide("assign", assignInput(scene.pod, now, near, false));
      const own = candidates.filter(({ binding }) => keys.has(binding));
      const inForce = own.some((candidate) => candidate.inForce);
      return {
        inForce,
        probes: probes.map((_, index) =>
          index < near.length ? own.some((candidate) => candidate.probes[index]) : inForce,
        ),
      };
    },
  });
}

describe("nextTransition is what a scan minute by minute finds", () => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine();
  });

  const rows = [
    { name: "over clock changes", scenes: 52, scanHours: 12 },
    { name: "over eight days", scenes: 2, scanHours: 8 * 24 },
  ];
  for (const { name, scenes, scanHours } of rows) {
    it(name, (context) => {
      let transitions = 0;
      const zones = new Set<unknown>();
      for (const question of sample(scenes, scanHours)) {
        const { bindings } = question.scene;
        show(engine, question.scene);
        const states = scan(engine, question);
        for (const binding of bindings) {
          zones.add(binding.spec.timeBox?.["timeZone"]);
          if (assertFound(engine, question, [binding], states.get(keyOf(binding)) ?? [])) transitions += 1;
        }
        const all = [...states.values()];
        const union = all[0]?.map((_, index) => all.some((list) => list[index])) ?? [];
        assertFound(engine, question, bindings, union);
      }
      context.diagnostic(
        `${scenes * bindingsPerScene} boxes in ${zones.size} zones, ${transitions} of them with a transition`,
      );
      assert.ok(transitions > (scenes * bindingsPerScene) / 5, `only ${transitions} transitions`);
    });
  }
});
