import type { BuildEvent } from "../../../spec/mod.ts";

/** Shows a build while it goes on. */
export interface Display {
  show(event: BuildEvent): void;
  /** All that was told is on the screen; `failed` when the build did. */
  finish(failed: boolean): void;
}

export const PROGRESS_MODES = ["auto", "none", "plain", "quiet", "rawjson", "tty"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];
