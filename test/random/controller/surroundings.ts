import type { Compute, NewAssignedIdentity } from "../../../src/controller/ports.ts";
import type { SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { ArmFault, Azure, RequestKind } from "./azure.ts";

/** How an API write is treated instead of being carried out: refused, or done with the answer lost. */
export type ApiFault = "refused" | "lost";

/** What processes live in, and what they are watched by. */
export interface Surroundings {
  readonly clock: SimulatedClock;
  readonly server: ApiServer;
  readonly azure: Azure;
  /** The leader's name; whoever else writes is at fault. */
  leader(): string;
  nextArmFault(kind: RequestKind): ArmFault | null;
  nextApiFault(): ApiFault | null;
  /** Something went on: it is not quiet yet. */
  stirred(): void;
  /** Process `name` has made the object, and knows that. */
  made(name: string, object: NewAssignedIdentity): void;
  violated(what: string): void;
  note(line: string): void;
  /** Plants a fault into the controller, to see whether it is found. */
  readonly sabotage?: Sabotage;
}

/** A fault: ARM as the controller is made to see it, and whether anything keeps it from writing without the lease. */
export interface Sabotage {
  readonly compute?: (compute: Compute) => Compute;
  readonly unfenced?: boolean;
}
