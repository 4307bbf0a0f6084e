/** What a test may tune; the defaults are Azure's documented or observed values. */
export interface EmulatorSettings {
  /** From the accepted PATCH to the operation's success: about 35 s on Azure (azure.md §4.2). 0: done at once. */
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
}

export const defaultSettings: EmulatorSettings = {
  operationDurationMs: 35_000,
  retryAfterSeconds: 10,
  visibilityLagMs: 0,
  imdsLatencyMs: 0,
  imdsRequestsPerSecond: 20,
  imdsConcurrentRequests: 5,
  armOrigin: "https://management.azure.com",
};
