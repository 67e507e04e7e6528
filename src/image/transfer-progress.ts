import { humanSize } from "./progress.ts";

/** Docker's progress messages of pull and push. */
export interface TransferMessage {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly aux?: Readonly<Record<string, unknown>>;
}

/** Says how far something is no oftener than this, as Docker does. */
const INTERVAL_MS = 100;

/** A change of state of one layer. */
export function stateMessage(id: string, status: string): TransferMessage {
  return { status, progressDetail: {}, id };
}

/** How far a layer is, with Docker's bar in words for clients that draw none. */
export function barMessage(id: string, status: string, current: number, total: number): TransferMessage {
  const done = total > 0 ? Math.min(50, Math.floor((current / total) * 50)) : 0;
  const numbers = `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  return { status, progressDetail: { current, total }, progress: `[${"=".repeat(done)}>${" ".repeat(Math.max(0, 50 - done))}] ${numbers}`, id };
}

/** Passes the first and the last word on, and one in each interval between. */
export function throttledBar(id: string, status: string, total: number, tell: (message: TransferMessage) => void): (current: number) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (current) => {
    const nowMs = performance.now();
    if (nowMs - lastMs < INTERVAL_MS && current !== total) return;
    lastMs = nowMs;
    tell(barMessage(id, status, current, total));
  };
}
