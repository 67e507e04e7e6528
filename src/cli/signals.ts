import { killContainer, type Client } from "../client/mod.ts";

const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH", "SIGIO", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGSYS"] as const;
/** Signals that mean "end": those must not kill us before the container has had them. */
const ENDING = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const;

/** Passes our signals on to the container's first process (`--sig-proxy`). @returns stops it */
export function forwardSignals(client: Client, ref: string, tty: boolean): () => void {
  const handlers = (tty ? ENDING : FORWARDED.filter((name) => name !== "SIGWINCH")).map((name) => {
    // The container may have ended at this moment; its exit is what we then report.
    const handler = () => void killContainer(client, ref, name.slice(3)).catch(() => undefined);
    process.on(name, handler);
    return () => void process.removeListener(name, handler);
  });
  return () => handlers.forEach((remove) => remove());
}
