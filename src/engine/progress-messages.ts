/** Messages of which a newer one of the same `id` and `status` makes an older one, that nobody has read yet, worthless. */
export interface ProgressMessage {
  readonly status?: string;
  readonly id?: string;
}

/**
 * What work has to say while it runs. A slow reader costs no memory: how far a layer is comes once, as it is then. Throws what the work
 * throws; a reader that stops ends the work, and so does the signal.
 */
export async function* progressMessages<M extends ProgressMessage>(signal: AbortSignal, work: (tell: (message: M) => void, signal: AbortSignal) => Promise<void>): AsyncGenerator<M, void, void> {
  const stop = new AbortController();
  let queue: M[] = [];
  let wake = (): void => undefined;
  let done = false;
  const tell = (message: M): void => {
    const same = message.id === undefined ? -1 : queue.findLastIndex(({ id }) => id === message.id);
    if (same >= 0 && queue[same]?.status === message.status) queue[same] = message;
    else queue.push(message);
    wake();
  };
  const working = work(tell, AbortSignal.any([signal, stop.signal])).finally(() => {
    done = true;
    wake();
  });
  // Awaited below.
  working.catch(() => undefined);
  try {
    while (!done || queue.length > 0) {
      if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const messages = queue;
      queue = [];
      yield* messages;
    }
    await working;
  } finally {
    stop.abort(new Error("the client has gone away"));
    await working.catch(() => undefined);
  }
}
