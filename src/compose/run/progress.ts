/** What happens to one thing of a project, as it happens; in docker-compose's words. */
export interface ProgressEvent {
  /** `Container shop-web-1`, `Network shop_default`, `Volume …`, `Image …`. */
  readonly id: string;
  /** What is done to it, where the id is but a name: `Pulling`, `copy a to b`. */
  readonly what?: string;
  /** `Creating`, `Created`, `Waiting`, `Healthy` … */
  readonly text: string;
  readonly status: "working" | "done" | "warning" | "error";
  /** Why, behind the text. */
  readonly detail?: string;
}

export type Tell = (event: ProgressEvent) => void;

/** Tells of the beginning, and of the end or the failure. @throws whatever the work throws */
export async function during<T>(tell: Tell, id: string, [doing, done]: readonly [string, string], work: () => Promise<T>): Promise<T> {
  tell({ id, text: doing, status: "working" });
  try {
    const result = await work();
    tell({ id, text: done, status: "done" });
    return result;
  } catch (error) {
    tell({ id, text: "Error", status: "error", detail: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
