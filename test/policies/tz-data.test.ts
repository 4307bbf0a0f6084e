import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { assertSameTzData, differingZones, settledZones, zonesOfRegoTests } from "./tz-data.ts";

describe("native OPA and Node have the same time zone data", () => {
  it("for the zones of random questions", () => {
    assertSameTzData(settledZones, 2009, 2031);
  });

  it("for every zone that a Rego test names", () => {
    const zones = zonesOfRegoTests();
    assert.ok(zones.length > 5, zones.join(", "));
    assertSameTzData(zones, 2009, 2031);
  });
});

describe("a differing release of time zone data is told as such", () => {
  let directory = "";
  const inherited = process.env["ZONEINFO"];
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "podid-zoneinfo-"));
    const path = join(directory, "Europe/Berlin");
    await mkdir(dirname(path));
    await writeFile(path, fixedZone(5 * 3600));
    process.env["ZONEINFO"] = directory;
  });
  after(async () => {
    if (inherited === undefined) delete process.env["ZONEINFO"];
    else process.env["ZONEINFO"] = inherited;
    await rm(directory, { recursive: true });
  });

  it("by the zones in which it differs", () => {
    assert.deepEqual(differingZones(["UTC", "Europe/Berlin", "Asia/Kolkata"], 2026, 2027), ["Europe/Berlin"]);
  });

  it("with Node's release, before any policy is compared", () => {
    assert.throws(() => assertSameTzData(["UTC", "Europe/Berlin"], 2026, 2027), {
      message: new RegExp(
        `^tz data differ: Node ${process.versions["tz"]}, OPA differs in Europe/Berlin\\. No policy was compared\\.`,
      ),
    });
  });
});

/** A zone file (RFC 8536, version 1) with one offset for ever. */
function fixedZone(offsetSeconds: number): Buffer {
  const bytes = Buffer.alloc(44 + 6 + 4);
  bytes.write("TZif");
  bytes.writeUInt32BE(1, 36); // one type of local time
  bytes.writeUInt32BE(4, 40); // four characters of its abbreviation
  bytes.writeInt32BE(offsetSeconds, 44);
  bytes.write("XXX", 50);
  return bytes;
}
