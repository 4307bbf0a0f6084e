import type { Cancel, Clock } from "../../../src/runtime/clock.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where a process dies: at its n-th effect from now, just before it happens or just after. */
export interface CrashPoint {
  readonly effect: number;
  readonly when: "before" | "after";
}

/** Whether a process runs, stands still or is dead; all that reaches it or leaves it passes here. */
export interface Life {
  /** Timers that stop with the process. */
  readonly clock: Clock;
  /** Does `run` in the world outside and answers when the process can hear it; a dead process hears nothing. */
  effect<T>(what: Effect, run: () => T | Promise<T>): Promise<T>;
  /** Dies at once, or there; null: not any more. */
  crash(at?: CrashPoint | null): void;
  /** As by SIGSTOP: what the world answers waits. */
  pause(): void;
  resume(): void;
  onDeath(run: () => void): void;
  isDead(): boolean;
  isPaused(): boolean;
  /** How many effects are under way. */
  pending(): number;
}

interface Effect {
  readonly label: string;
  /** Whether it changes something, which is for the leader alone. */
  readonly writes: boolean;
}

/** A process that runs. */
export function createLife(around: Surroundings, name: string): Life {
  const timers = new Set<Cancel>();
  const funerals: (() => void)[] = [];
  let held: (() => void)[] = [];
  let state: "running" | "paused" | "dead" = "running";
  let count = 0;
  let pending = 0;
  let crashAt: CrashPoint | null = null;

  const die = (): void => {
    if (state === "dead") return;
    around.note(`${name} dies`);
    state = "dead";
    pending = 0;
    held = [];
    for (const cancel of timers) cancel();
    for (const run of funerals) run();
  };
  const whenRunning = (run: () => void): void => {
    if (state === "dead") return;
    around.stirred();
    if (state === "paused") held.push(run);
    else run();
  };
  const isDue = (when: CrashPoint["when"]): boolean => crashAt?.effect === count && crashAt.when === when;

  const effect = async <T>({ label, writes }: Effect, run: () => T | Promise<T>): Promise<T> => {
    if (state === "dead") return never();
    if (label !== "watch") count += 1;
    if (label !== "watch" && isDue("before")) {
      die();
      return never();
    }
    if (label !== "watch") around.note(`${name}: ${label}`);
    if (writes && around.leader() !== name) around.violated(`${name} writes and is not the leader: ${label}`);
    pending += 1;
    const outcome = await settle(run);
    if (label !== "watch" && isDue("after")) {
      die();
      return never();
    }
    await new Promise<void>((resolve) => whenRunning(resolve));
    pending -= 1;
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  };
  return {
    clock: {
      ...around.clock,
      after: (delayMs, run) => {
        const cancel = around.clock.after(delayMs, () => {
          timers.delete(stop);
          whenRunning(run);
        });
        const stop = (): void => {
          timers.delete(stop);
          cancel();
        };
        timers.add(stop);
        return stop;
      },
    },
    effect,
    crash: (at) => {
      if (at === undefined) die();
      else crashAt = at === null ? null : { ...at, effect: count + at.effect };
    },
    pause: () => {
      if (state === "running") state = "paused";
    },
    resume: () => {
      if (state !== "paused") return;
      state = "running";
      for (const run of held.splice(0)) run();
    },
    onDeath: (run) => void funerals.push(run),
    isDead: () => state === "dead",
    isPaused: () => state === "paused",
    pending: () => pending,
  };
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function settle<T>(run: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error };
  }
}
