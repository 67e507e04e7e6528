import type { Extractor } from "../archive/mod.ts";
import type { ContentStore } from "../content/mod.ts";
import type { Snapshots } from "../snapshot/mod.ts";
import type { Background } from "./background.ts";
import type { Semaphore } from "./semaphore.ts";
import type { ImageStore } from "./store.ts";

/** What turning blobs into an image takes. */
export interface InstallDeps {
  readonly store: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly extractor: Extractor;
  readonly slots: Semaphore;
  readonly syncDisk: () => Promise<void>;
  readonly background: Background;
  /** Forgets, in the background, indexes that no name stands for any more. */
  readonly dropUnnamed: () => void;
}

/** What unpacking one of its layers takes. */
export type UnpackDeps = Pick<InstallDeps, "snapshots" | "content" | "extractor" | "slots">;
