/**
 * An answer whose body may take as long as its reader does, but of which something must come while the reader waits.
 * @param ask sends the request; its signal ends the body too @throws what the request fails with, or that the answer does not begin in time
 */
export async function patientlyRead(ask: (signal: AbortSignal) => Promise<Response>, answerMs: number, stallMs: number): Promise<Response> {
  const stop = new AbortController();
  const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => stop.abort(new Error(`${what} for ${ms / 1000} seconds`)), ms);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  };
  const response = await within(answerMs, "no answer", ask(stop.signal));
  if (!response.body) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await within(stallMs, "nothing has come", reader.read());
      if (value) controller.enqueue(value);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
