/** A bucket of calls: so many at once, and so many more each second. */
interface ArmBucket {
  readonly burst: number;
  readonly perSecond: number;
}

/** ARM counts reads and writes of a subscription apart (azure.md §4.2, documented; §7.4 rule 14). */
export interface ArmBudgets {
  readonly reads: ArmBucket;
  readonly writes: ArmBucket;
}

/** Azure's documented buckets per subscription and principal. */
export const azureBudgets: ArmBudgets = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
};

/** What a test may tune; the defaults are Azure's documented or observed values. */
export interface EmulatorSettings {
  /** From the accepted PATCH to the operation's success: about 35 s on Azure (azure.md §4.2). */
  readonly operationDurationMs: number;
  /** `Retry-After` of a running operation. */
  readonly retryAfterSeconds: number;
  /** From the operation's success until IMDS knows the identity (azure.md §2 "stale", §7.4 rule 3). */
  readonly visibilityLagMs: number;
  /** How long IMDS takes per token request; 0 answers at once. */
  readonly imdsLatencyMs: number;
  /** 20 per second per VM on the identity routes (azure.md §2, documented). */
  readonly imdsRequestsPerSecond: number;
  /** 5 at once per VM on the identity routes (azure.md §2, documented). */
  readonly imdsConcurrentRequests: number;
  /** Origin of the operation URLs: arm-compute sends no credential to a URL without TLS (azure.md §4.3). */
  readonly armOrigin: string;
  /** How many calls ARM takes; any number when null, since most tests' clocks stand still (`azureBudgets`: Azure's). */
  readonly armBudgets: ArmBudgets | null;
}

export const defaultSettings: EmulatorSettings = {
  operationDurationMs: 35_000,
  retryAfterSeconds: 10,
  visibilityLagMs: 0,
  imdsLatencyMs: 0,
  imdsRequestsPerSecond: 20,
  imdsConcurrentRequests: 5,
  armOrigin: "https://management.azure.com",
  armBudgets: null,
};
