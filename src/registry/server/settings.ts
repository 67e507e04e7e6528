/** What one client, or one object, may cost. */
export interface RegistryLimits {
  readonly manifestBytes: number;
  readonly blobBytes: number;
  /** Requests under way at once; further ones are told to come again. */
  readonly requestsAtOnce: number;
  /** Of one address per second, averaged over ten; 0 for no limit. */
  readonly requestsPerSecond: number;
  /** Entries of one page of a list. */
  readonly pageEntries: number;
}

export const REGISTRY_LIMITS: RegistryLimits = {
  manifestBytes: 4 * 1024 * 1024,
  blobBytes: 1024 ** 4,
  requestsAtOnce: 4096,
  requestsPerSecond: 0,
  pageEntries: 10_000,
};
