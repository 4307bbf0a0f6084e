import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import * as fc from "fast-check";
import { z } from "zod";

import type { Engine } from "../../../src/engine/engine.ts";
import { assignInput } from "../../../src/engine/questions.ts";
import type { JsonObject } from "../../../src/engine/resources.ts";
import { instantFromSeconds, type Instant } from "../../../src/timebox/instant.ts";
import { settledZones } from "../tz-data.ts";
import { jsonObject, randomScene, show, startEngine, withTimeBox, type Scene } from "./scene.ts";
import { fieldsOf, randomWindow } from "./time-box.ts";

// What takes something away opens nothing, at no instant and for no binding.

const anchors = [
  "2026-03-29T01:00:00Z",
  "2026-06-14T22:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-10-03T15:30:00Z",
];

const windowsSchema = z.array(jsonObject).default([]);
const timesSchema = z.array(z.object({ start: z.string(), end: z.string() }));

/** A change that takes something away; undefined when there is nothing to take. `dice` picks the place. */
type Narrowing = (scene: Scene, dice: number, exclusion: JsonObject) => Scene | undefined;

const removeGrant: Narrowing = (scene, dice) => {
  if (scene.grants.length === 0) return undefined;
  return { ...scene, grants: scene.grants.toSpliced(dice % scene.grants.length, 1) };
};

/** Changes the box of one binding among those that have `field`. */
function changeBox(
  scene: Scene,
  dice: number,
  field: string,
  change: (box: JsonObject) => JsonObject,
): Scene | undefined {
  const places = scene.bindings.flatMap(({ spec }, index) =>
    spec.timeBox?.[field] === undefined ? [] : [index],
  );
  const place = places[dice % places.length];
  const binding = place === undefined ? undefined : scene.bindings[place];
  if (place === undefined || binding === undefined) return undefined;
  const changed = withTimeBox(binding, change(binding.spec.timeBox ?? {}));
  return { ...scene, bindings: scene.bindings.with(place, changed) };
}

const shrinkWindow: Narrowing = (scene, dice) =>
  changeBox(scene, dice, "windows", (box) => {
    const windows = windowsSchema.parse(box["windows"]);
    const place = Math.floor(dice / 8) % windows.length;
    return { ...box, windows: windows.with(place, shrunk(windows[place] ?? {}, dice)) };
  });

/** Begins each of the window's times an hour later, or lets it count by day or on Mondays alone. */
function shrunk(window: JsonObject, dice: number): JsonObject {
  if (window["times"] === undefined) return { ...window, times: [{ start: "06:00", end: "18:00" }] };
  if (dice % 3 === 0 && window["weekdays"] === undefined) return { ...window, weekdays: ["Mon"] };
  const times = timesSchema.parse(window["times"]).map((range) => {
    const start = hourAfter(range.start);
    // Only where the range stays what it is, past midnight or not.
    const sameKind = start < range.end === range.start < range.end && start !== range.end && start < "24:00";
    return sameKind ? { start, end: range.end } : range;
  });
  return { ...window, times };
}

function hourAfter(time: string): string {
  return `${String(Number(time.slice(0, 2)) + 1).padStart(2, "0")}${time.slice(2)}`;
}

const addExclusion: Narrowing = (scene, dice, exclusion) =>
  changeBox(scene, dice, "timeZone", (box) => ({
    ...box,
    exclusions: [...windowsSchema.parse(box["exclusions"]), exclusion],
  }));

const narrowings: Readonly<Record<string, Narrowing>> = {
  "removing a grant": removeGrant,
  "shrinking a window": shrinkWindow,
  "adding an exclusion": addExclusion,
};

/** Per binding, whether it is in force at each instant. */
function openings(
  engine: Engine,
  scene: Scene,
  probes: readonly Instant[],
): ReadonlyMap<string, readonly boolean[]> {
  show(engine, scene);
  const [now = instantFromSeconds(0)] = probes;
  const { candidates } = engine.decide("assign", assignInput(scene.pod, now, probes, false));
  assert.equal(candidates.length, scene.bindings.length);
  return new Map(candidates.map(({ binding, probes: open }) => [binding, open]));
}

const situation = fc.constantFrom(...anchors).chain((stamp) => {
  const anchor = Temporal.Instant.from(stamp).epochMilliseconds / 1000;
  const setting = { anchor, zones: settledZones, tidy: true };
  return fc.record({
    scene: randomScene(setting, 3),
    dice: fc.nat(1000),
    exclusion: fc
      .tuple(randomWindow(setting), fc.boolean())
      .map(([window, exemptGrants]) => jsonObject.parse(fieldsOf(window, { exemptGrants }))),
    probes: fc.constant(
      // Every 29 minutes for a day and a half to each side, so that every minute of the hour has its turn.
      Array.from({ length: 150 }, (_, index) => instantFromSeconds(anchor + (index - 75) * 29 * 60)),
    ),
  });
});

describe("nothing opens by", () => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine();
  });

  for (const [name, narrow] of Object.entries(narrowings)) {
    it(name, (context) => {
      let closed = 0;
      fc.assert(
        fc.property(situation, ({ scene, dice, exclusion, probes }) => {
          const narrower = narrow(scene, dice, exclusion);
          fc.pre(narrower !== undefined);
          const wide = openings(engine, scene, probes);
          const narrowed = openings(engine, narrower, probes);
          for (const [binding, open] of narrowed) {
            const earlier = wide.get(binding) ?? [];
            const opened = probes.filter((_, index) => open[index] === true && earlier[index] !== true);
            assert.deepEqual(opened, [], `${binding} is open where it was not`);
            closed += open.filter((state, index) => !state && earlier[index] === true).length;
          }
        }),
        { numRuns: 150, seed: 7 },
      );
      context.diagnostic(`150 scenes, ${closed} openings closed`);
      assert.ok(closed > 50, "the changes hardly change anything");
    });
  }
});
