import { messageOf, nowNs } from "../base/mod.ts";
import type { BuildEvent, Digest } from "../spec/mod.ts";
import { digestOf } from "./graph/make-vertex.ts";

export type Tell = (event: BuildEvent) => void;

/** What is shown of work that is no vertex of the graph. */
export interface ShownWork {
  readonly digest: Digest;
  /** A line that counts, or says that something is being done. */
  status(id: string, current?: number, total?: number): void;
  /** The line's work is done. */
  done(id: string, current?: number, total?: number): void;
}

/** Does something that progress shows under a name of its own. */
export async function shownAs<T>(tell: Tell, name: string, act: (work: ShownWork) => Promise<T>, { inputs = [] }: { readonly inputs?: readonly Digest[] } = {}): Promise<T> {
  const digest = digestOf(["shown", name, crypto.randomUUID()]);
  const startedNs = nowNs();
  const state = { digest, inputs, name, stage: "", cached: false, startedNs };
  tell({ type: "vertex", vertex: { ...state, completedNs: undefined, error: undefined } });
  try {
    const result = await act(workOf(tell, digest));
    tell({ type: "vertex", vertex: { ...state, completedNs: nowNs(), error: undefined } });
    return result;
  } catch (error) {
    tell({ type: "vertex", vertex: { ...state, completedNs: nowNs(), error: messageOf(error) } });
    throw error;
  }
}

/** Something that progress shows only when it fails. */
export async function shownIfFails<T>(tell: Tell, name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await shownAs(tell, name, () => Promise.reject(error as Error)).catch(() => undefined);
    throw error;
  }
}

function workOf(tell: Tell, digest: Digest): ShownWork {
  const started = new Map<string, bigint>();
  const say = (id: string, current: number, total: number | undefined, isDone: boolean): void => {
    const startedNs = started.get(id) ?? nowNs();
    started.set(id, startedNs);
    tell({ type: "status", vertex: digest, id, current, total, startedNs, completedNs: isDone ? nowNs() : undefined });
  };
  return { digest, status: (id, current = 0, total) => say(id, current, total, false), done: (id, current = 0, total) => say(id, current, total, true) };
}
