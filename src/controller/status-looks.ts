import type { Decider } from "../engine/engine.ts";
import type { Cancel } from "../runtime/clock.ts";
import { toSeconds, type Instant } from "../timebox/instant.ts";
import type { Cluster } from "./ports.ts";
import { subjectText, type StatusSubject } from "./status-keys.ts";

/** What was seen to be shown as it should be, and with what it stays so. */
export interface StatusLooks {
  /** `subject` shows all that is to be shown at `now`. `isSettled`: that depends on no pod. */
  note(subject: StatusSubject, now: Instant, isSettled: boolean): void;
  /** Whether another look would find the same: changes and instants that matter lead to looks of their own. */
  isSettled(subject: StatusSubject, now: Instant): boolean;
  forget(text: string): void;
  /** Begins to forget all when something changes whose reach nobody knows. */
  follow(decider: Decider): Cancel;
}

interface Look {
  readonly object: unknown;
  readonly shown: unknown;
  readonly at: Instant;
}

/** Changes of these lead to looks at the statuses that they concern, or concern none. */
const followedKinds: ReadonlySet<string> = new Set([
  "Pod",
  "Node",
  "AzureAssignedIdentity",
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
]);
/** What clock changes do to a binding is asked again each day. */
const longestSeconds = 86_400;

/** No looks yet. Sources hand out the same object, and the same status, until it changes. */
export function createStatusLooks(cluster: Pick<Cluster, "get" | "statusOf" | "subscribe">): StatusLooks {
  const looks = new Map<string, Look>();
  const objectOf = ({ kind, key }: StatusSubject): unknown =>
    kind === "AzureIdentityBinding" ? cluster.get(kind, key) : cluster.get(kind, key);
  return {
    note: (subject, now, isSettled) => {
      const text = subjectText(subject);
      const shown = cluster.statusOf(subject.kind, subject.key);
      if (isSettled) looks.set(text, { object: objectOf(subject), shown, at: now });
      else looks.delete(text);
    },
    isSettled: (subject, now) => {
      const look = looks.get(subjectText(subject));
      if (look === undefined) return false;
      const ageSeconds = toSeconds(now) - toSeconds(look.at);
      return (
        // Less than none: the clock was set back.
        ageSeconds >= 0 &&
        ageSeconds < longestSeconds &&
        look.object === objectOf(subject) &&
        look.shown === cluster.statusOf(subject.kind, subject.key)
      );
    },
    forget: (text) => void looks.delete(text),
    follow: (decider) => {
      const stop = cluster.subscribe(({ kind }) => {
        if (!followedKinds.has(kind)) looks.clear();
      });
      const stopPolicy = decider.onPolicyChange?.(() => looks.clear());
      return () => {
        stop();
        stopPolicy?.();
      };
    },
  };
}
