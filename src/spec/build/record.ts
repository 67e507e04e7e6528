/** What is remembered of a build. */
export interface BuildRecord {
  readonly ref: string;
  readonly name: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
  readonly status: "Running" | "Completed" | "Error" | "Canceled";
  /** RFC 3339. */
  readonly createdAt: string;
  readonly completedAt?: string | undefined;
  readonly error?: string | undefined;
  readonly totalSteps: number;
  readonly completedSteps: number;
  readonly cachedSteps: number;
}
