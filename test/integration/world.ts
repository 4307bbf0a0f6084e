import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realDelay } from "node:timers/promises";

import { z } from "zod";

import { moveTo } from "../../src/cli/demo/timeline.ts";
import { explainPod, type Explanation } from "../../src/cli/explanation.ts";
import { startStack, type Stack } from "../../src/cli/stack.ts";
import type { Change } from "../../src/kubernetes/resource-source.ts";
import { createSimulatedClock, type SimulatedClock } from "../../src/runtime/simulated-clock.ts";
import { instantFromMs, parseInstant, toMs } from "../../src/timebox/instant.ts";
import { metadataHost, requestToken, type Caller, type TokenAnswer } from "./token-request.ts";

/** All of podid over a folder of its own, on a clock that stands still until a test moves it. */
export interface World {
  readonly clock: SimulatedClock;
  readonly stack: Stack;
  /** Asks for a token as this pod (`namespace/name`) would: from its address, at its node's NMI. */
  ask(pod: string, query?: Readonly<Record<string, string>>): Promise<WorldAnswer>;
  /** Where a pod asks from, also for when it is gone. */
  callerOf(pod: string): Caller;
  askFrom(caller: Caller, query?: Readonly<Record<string, string>>): Promise<WorldAnswer>;
  /** What `podid explain` answers about the pod now. */
  explain(pod: string): Explanation;
  /** Moves the clock on to this RFC 3339 instant while the controller works. */
  moveTo(at: string): Promise<void>;
  /** Lets time pass until this is over: `stepMs` (by default a second) each 5 ms. */
  during<T>(work: Promise<T>, stepMs?: number): Promise<T>;
  /** Lets time pass until the controller has done what is to be done now. */
  settle(): Promise<void>;
  /** Writes, replaces or (null) removes a file of the folder; resolves once `change` was served. */
  edit(file: string, text: string | null, change: Change): Promise<void>;
  /** User-assigned identities on a VM or scale set, by name. */
  identitiesOn(machineID: string): readonly string[];
  /** Accepted ARM changes so far: `+identity` or `-identity`. */
  patches(): readonly string[];
  close(): Promise<void>;
}

export interface WorldAnswer extends TokenAnswer {
  /** Reason codes, from NMI's access log. */
  readonly reasons: readonly string[];
}

const servedSchema = z.object({
  msg: z.literal("request served"),
  requestId: z.string(),
  reasons: z.array(z.string()),
});

const mostSteps = 2000;

/** Starts the stack at `at` (RFC 3339) over these files by name, or over a copy of a folder. */
export async function startWorld(options: {
  readonly at: string;
  readonly manifests: Readonly<Record<string, string>> | string;
  /** Policy bundle that is followed; by default the one that ships. */
  readonly policy?: string;
  readonly decisionLog?: string;
  readonly interfaceBehind?: (address: string) => string | null;
}): Promise<World> {
  const scratch = await mkdtemp(join(tmpdir(), "podid-world-"));
  const folder = join(scratch, "manifests");
  await fill(folder, options.manifests);
  const clock = createSimulatedClock(msOf(options.at));
  const reasonsOf = new Map<string, readonly string[]>();
  const write = (line: string): void => {
    const served = servedSchema.safeParse(JSON.parse(line));
    if (served.success) reasonsOf.set(served.data.requestId, served.data.reasons);
  };
  const stack = await startStack({
    ...options,
    manifests: folder,
    clock,
    logDestination: { write },
    nmi: {},
  });
  const podOf = (key: string) => stack.source.get("Pod", key) ?? assert.fail(`no pod ${key}`);
  const callerOf = (key: string): Caller => {
    const { node, addresses } = podOf(key);
    const [address = assert.fail(`${key} has no address`)] = addresses;
    return { nmi: stack.nmis.get(node) ?? assert.fail(`no NMI on ${node}`), address, host: metadataHost };
  };
  const askFrom: World["askFrom"] = async (caller, query = {}) => {
    const answer = await requestToken(caller, query);
    return { ...answer, reasons: reasonsOf.get(answer.requestId) ?? assert.fail("no access-log line") };
  };
  return {
    clock,
    stack,
    callerOf,
    askFrom,
    ask: (pod, query) => askFrom(callerOf(pod), query),
    explain: (pod) =>
      explainPod(stack.decider, stack.source, podOf(pod), {
        at: instantFromMs(clock.nowMs()),
        resource: "https://vault.azure.net",
        policy: stack.engine,
      }),
    moveTo: (at) => moveTo(clock, msOf(at), stack.controller, AbortSignal.timeout(30_000)),
    during: (work, stepMs = 1000) => passTime(clock, stepMs, work),
    settle: () => passTime(clock, 1000, stack.controller.settled()),
    edit: async (file, text, change) => {
      const served = nextChange(stack, change);
      await replaceFile(join(folder, file), text, join(scratch, "next"));
      await passTime(clock, 100, served);
    },
    identitiesOn: (machineID) => {
      const machine = stack.emulator.identitiesOf(machineID) ?? assert.fail(`no machine ${machineID}`);
      return machine.userAssigned.map(lastSegment);
    },
    patches: () => patchesOf(stack),
    close: async () => {
      await stack.close();
      await rm(scratch, { recursive: true });
    },
  };
}

/** Unix milliseconds of an RFC 3339 instant. */
export function msOf(at: string): number {
  return toMs(parseInstant(at) ?? assert.fail(`${at} is no instant`));
}

async function fill(folder: string, manifests: Readonly<Record<string, string>> | string): Promise<void> {
  if (typeof manifests === "string") return cp(manifests, folder, { recursive: true });
  await mkdir(folder);
  await Promise.all(Object.entries(manifests).map(([file, text]) => writeFile(join(folder, file), text)));
}

/** Moves the clock by `stepMs` each 5 ms until `work` is over. */
async function passTime<T>(clock: SimulatedClock, stepMs: number, work: Promise<T>): Promise<T> {
  const isOver = work.then(() => true);
  for (let steps = 0; steps < mostSteps; steps += 1) {
    if (await Promise.race([isOver, realDelay(5, false, { ref: false })])) return work;
    clock.advance(stepMs);
  }
  return assert.fail(`not over after ${mostSteps} steps of ${stepMs} ms`);
}

/** In one step, so that the watch can see no half-written file. */
async function replaceFile(file: string, text: string | null, scratchFile: string): Promise<void> {
  if (text === null) return rm(file);
  await writeFile(scratchFile, text);
  await rename(scratchFile, file);
}

function nextChange(stack: Stack, awaited: Change): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = stack.source.subscribe(({ kind, key }) => {
    if (kind !== awaited.kind || key !== awaited.key) return;
    stop();
    resolve();
  });
  return promise;
}

function patchesOf({ emulator }: Stack): readonly string[] {
  return emulator.journal
    .list()
    .filter(({ listener, method }) => listener === "arm" && method === "PATCH")
    .flatMap(({ added, removed }) => signed("+", added).concat(signed("-", removed)));
}

function signed(sign: string, ids: readonly string[] = []): readonly string[] {
  return ids.map((id) => `${sign}${lastSegment(id)}`);
}

function lastSegment(id: string): string {
  return id.split("/").at(-1) ?? id;
}

/** Name and state of every AzureAssignedIdentity. */
export function assignedIn(world: World): readonly string[] {
  return world.stack.source
    .list("AzureAssignedIdentity")
    .map(({ name, status }) => `${name} ${status.status}`);
}
