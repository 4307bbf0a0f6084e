import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon, HttpAnswer } from "./daemon.ts";
import { pod } from "./memory-resources.ts";

const header = { metadata: "true" };
const compute = "/metadata/instance/compute?api-version=2021-02-01&format=json&x=%2e%2e";

let daemon: Daemon;
beforeEach(async () => {
  daemon = await startBoundPod();
});
afterEach(() => stopCleanly(daemon));

function read(path: string, headers: Readonly<Record<string, string>> = header): Promise<HttpAnswer> {
  return daemon.ask({ from: web, path, headers });
}

/** Reads so often, one after the other: each waits for its turn before the next is sent. */
async function readInTurn(times: number): Promise<readonly Promise<HttpAnswer>[]> {
  const answers: Promise<HttpAnswer>[] = [];
  for (let count = 0; count < times; count += 1) {
    const arrived = daemon.clock.timerStarted(45_000);
    answers.push(read(compute));
    await arrived;
  }
  return answers;
}

function failureLines(): Daemon["lines"] {
  return daemon.lines.filter(({ msg }) => msg === "platform metadata call failed");
}

describe("the platform's metadata", () => {
  it("is passed on as it is, asked for in our own words", async () => {
    const answer = await read(compute, { ...header, "x-canary": "1", cookie: "canary" });
    assert.deepEqual([answer.status, answer.text], [200, '{"vmId":"1"}']);
    assert.deepEqual(daemon.azure.metadataCalls, [
      { path: ["instance", "compute"], apiVersion: "2021-02-01", format: "json" },
    ]);
  });

  it("keeps its status and plain text, and no other type", async () => {
    daemon.azure.onMetadata = () => ({
      status: 200,
      contentType: "text/plain; charset=utf-16",
      body: "west",
      retryAfterSeconds: null,
    });
    const text = await read(compute);
    assert.deepEqual([text.headers["content-type"], text.text], ["text/plain; charset=utf-8", "west"]);
    daemon.azure.onMetadata = () => ({
      status: 400,
      contentType: "text/html",
      body: '{"newest-versions":[]}',
      retryAfterSeconds: null,
    });
    const other = await read("/metadata/instance");
    assert.deepEqual([other.status, other.headers["content-type"]], [400, "application/json; charset=utf-8"]);
  });

  const failures = [
    { name: "a redirect", status: 302, expected: 503 },
    { name: "throttling", status: 429, expected: 429 },
    { name: "an outage", status: 503, expected: 503 },
  ];
  for (const { name, status, expected } of failures) {
    it(`hides ${name} behind ${expected} with Retry-After`, async () => {
      daemon.azure.onMetadata = () => ({
        status,
        contentType: "",
        body: "http://elsewhere.test",
        retryAfterSeconds: null,
      });
      const answer = await read(compute);
      assert.equal(answer.status, expected);
      assert.ok(Number(answer.headers["retry-after"]) >= 3);
      assert.doesNotMatch(answer.text, /elsewhere/);
    });
  }

  it("is for pods of this node: others wait to be known, and are refused", async () => {
    const begun = daemon.clock.timerStarted();
    const answer = daemon.ask({ from: "127.0.0.99", path: compute, headers: header });
    await begun;
    daemon.clock.advance(10_000);
    assert.equal((await answer).status, 404);
    assert.deepEqual(daemon.azure.metadataCalls, []);
  });

  it("is read by another pod, too, while one pod's reads take their time", async () => {
    daemon.resources.put("Pod", pod("modest", "127.0.0.4"));
    const release = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const quick = daemon.azure.onMetadata();
    daemon.azure.onMetadata = async () => {
      daemon.azure.onMetadata = () => quick;
      asked.resolve();
      await release.promise;
      return quick;
    };
    const slow = [1, 2].map(() => read("/metadata/instance/slow"));
    await asked.promise;
    const own = await daemon.ask({ from: "127.0.0.4", path: "/metadata/versions", headers: header });
    assert.equal(own.status, 200);
    assert.deepEqual(
      daemon.azure.metadataCalls.map((call) => Reflect.get(call, "path")),
      [["instance", "slow"], ["versions"]],
    );
    release.resolve();
    for (const answer of slow) assert.equal((await answer).status, 200);
  });

  it("is not asked for by anybody for as long as it wants after a 429", async () => {
    daemon.resources.put("Pod", pod("modest", "127.0.0.4"));
    const well = daemon.azure.onMetadata();
    daemon.azure.onMetadata = () => ({ status: 429, contentType: "", body: "", retryAfterSeconds: 7 });
    const ask = (): Promise<HttpAnswer> =>
      daemon.ask({ from: "127.0.0.4", path: "/metadata/versions", headers: header });
    for (const answer of [await read(compute), await ask()]) {
      assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "7"]);
      assert.match(descriptionOf(answer), /UpstreamThrottled/);
    }
    daemon.azure.onMetadata = () => well;
    daemon.clock.advance(6_999);
    assert.equal((await ask()).status, 429);
    assert.equal(daemon.azure.metadataCalls.length, 1);
    assert.equal((await daemon.askToken(web)).status, 200);
    daemon.clock.advance(1);
    assert.equal((await ask()).status, 200);
  });

  it("is answered with 429 to whose turn does not come, which is no error", async () => {
    daemon.azure.onMetadata = () => Promise.withResolvers<never>().promise;
    const answers = await readInTurn(3);
    daemon.clock.advance(45_000);
    const [first, ...others] = await Promise.all(answers);
    assert.equal(first?.status, 503);
    for (const answer of others) {
      assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "3"]);
      assert.match(descriptionOf(answer), /TooManyRequests/);
    }
    assert.equal(failureLines().length, 1);
  });

  it("is answered with 503 to come again when the daemon stops, which is no error", async () => {
    daemon.azure.onMetadata = () => Promise.withResolvers<never>().promise;
    const answers = await readInTurn(2);
    const [underWay, waiting] = answers;
    const closed = daemon.nmi.close();
    const first = await (waiting ?? assert.fail());
    assert.deepEqual([first.status, first.headers["retry-after"]], [503, "2"]);
    daemon.clock.advance(5_000);
    const last = await (underWay ?? assert.fail());
    assert.deepEqual([last.status, last.headers["retry-after"]], [503, "2"]);
    await closed;
    assert.equal(daemon.azure.metadataCalls.length, 1);
    assert.deepEqual(failureLines(), []);
  });

  it("tells the log once in ten seconds that calls fail, and how many did", async () => {
    daemon.azure.onMetadata = () => Promise.reject(new Error("socket hang up"));
    for (let second = 0; second < 11; second += 1) {
      for (let count = 0; count < 3; count += 1) assert.equal((await read(compute)).status, 503);
      daemon.clock.advance(1000);
    }
    assert.deepEqual(
      failureLines().map(({ untold }) => untold),
      [0, 29],
    );
  });

  it("is not asked for anything that is not on the list", async () => {
    const rows = [
      ["/metadata/attested/document", 403],
      ["/metadata/loadbalancer", 403],
      ["/metadata/scheduledevents", 403],
      ["/metadata/identity/info", 404],
      ["/metadata/identity/getplatformmetadata", 404],
      ["/metadata/identity/issuecredential", 404],
      ["/metadata/unknown", 404],
      ["/metadata", 404],
      ["/machine/?comp=goalstate", 404],
      ["/metadata/instance/../attested/document", 400],
      ["/metadata/instance/%2e%2e/attested/document", 400],
    ] as const;
    for (const [path, status] of rows) assert.equal((await read(path)).status, status, path);
    assert.deepEqual(daemon.azure.metadataCalls, []);
  });

  it("is refused with a reason when instance metadata is blocked, header or not", async () => {
    const blocked = await startBoundPod({ nmi: { metadataAreas: ["versions"] } });
    for (const headers of [header, {}]) {
      const answer = await blocked.ask({ from: web, path: compute, headers });
      assert.deepEqual([answer.status, answer.json["error"]], [403, "access_denied"]);
      assert.match(descriptionOf(answer), /MetadataBlocked/);
    }
    await stopCleanly(blocked);
  });
});
