import type { ReasonCode } from "../engine/reasons.ts";
import type { Key, Pod } from "../engine/resources.ts";
import type { RawRequest } from "./request.ts";
import type { Route } from "./request-path.ts";
import { refusalAnswer, type Answer, type Refusal, type RefusalKind } from "./response.ts";

/** A request with its connection's facts. */
export interface Arrival {
  readonly raw: RawRequest;
  readonly peerAddress: string;
  /** Monotonic. */
  readonly arrivedMs: number;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
}

/** What became of a request: the answer, and what the access log says about it. */
export interface Served {
  readonly answer: Answer;
  readonly outcome: RefusalKind | "issued" | "passedThrough";
  readonly reasons: readonly ReasonCode[];
  /** What its path led to. */
  readonly route?: Route["kind"];
  /** Not worth a line in the log: there are many of these, and they say nothing. */
  readonly isRoutine?: boolean;
  readonly pod?: Pod;
  readonly resource?: string;
  readonly identity?: Key;
  readonly binding?: Key;
  /** When Azure stops honouring the token; Unix seconds. */
  readonly realExp?: number;
  /** When the client was told to stop using it; Unix seconds. */
  readonly toldExp?: number;
}

/** A refusal on its way out. */
export function refused(refusal: Refusal): Served {
  return { answer: refusalAnswer(refusal), outcome: refusal.kind, reasons: refusal.reasons };
}
