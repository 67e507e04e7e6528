import type { ShimSpawner } from "../runtime/mod.ts";

/** What every command works with. */
export interface RuntimeContext {
  /** Where containers are kept (`--root`). */
  readonly root: string;
  readonly version: string;
  readonly spawner: ShimSpawner;
  print(text: string): void;
  /** For what goes wrong without being the command's failure. */
  warn(sentence: string): void;
}
