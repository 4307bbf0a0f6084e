import type { ResourceSource } from "../../kubernetes/resource-source.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Readiness } from "./readiness.ts";

/** Does `lead` as long as this process is the one that may act; `leading` aborts when that ends. */
export type Elect = (
  signal: AbortSignal,
  lead: (leading: AbortSignal) => Promise<void>,
) => Promise<"stopped" | "lost" | "finished">;

/** A source of objects, and who among several controllers on it may act. */
export interface OpenSource {
  readonly source: ResourceSource;
  /** Resolves when reads show everything; rejects with CommandError 3 when that can never be, and on `signal`. */
  ready(signal: AbortSignal): Promise<void>;
  /** Aborts, with a CommandError for a reason, when the source has become unfit to work on. */
  readonly broken: AbortSignal;
  readonly elect: Elect;
  /** `namespace/name` of the Lease by which it is told who acts; null where there is nobody else. */
  readonly lease: string | null;
  /** Asked before each effect. */
  isLeader(): boolean;
  /** Aborts when the present time in office, or the last one, ends. */
  leading(): AbortSignal;
  /**
   * Takes the taint of this key off the node whose pods are served; absent where there is no such node.
   * @throws KubernetesError
   */
  readonly untaint?: (key: string, signal: AbortSignal) => Promise<"removed" | "not there">;
  close(): Promise<void>;
}

/** By which Lease controllers find out who acts. */
export interface LeaseOptions {
  /** Empty: the pod's own. */
  readonly namespace: string;
  readonly name: string;
  /** Empty: the host's name. */
  readonly instance: string;
  readonly durationMs: number;
}

/** What opening any source needs. */
export interface SourceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly readiness: Readiness;
}

/** The election of somebody without rivals. */
export const leadAlone: Elect = async (signal, lead) => {
  await lead(signal);
  return signal.aborted ? "stopped" : "finished";
};

/**
 * Waits until `open` is ready; false when `signal` has ended the wait.
 * @throws CommandError 3 when it can never be.
 */
export async function becomesReady(open: OpenSource, signal: AbortSignal): Promise<boolean> {
  try {
    await open.ready(signal);
    return !signal.aborted;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
