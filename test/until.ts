const TIMEOUT_MS = 60_000;
const PAUSE_MS = 10;

/** Looks again and again at what comes about without telling anybody; gives up long after the slowest machine should have done it. */
export async function until(holds: () => boolean | Promise<boolean>, what: string | (() => Promise<string>) = "it"): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT_MS; !(await holds()); await Bun.sleep(PAUSE_MS)) {
    if (Date.now() > deadline) throw new Error(`${typeof what === "string" ? what : await what()} has not come about`);
  }
}

/** Looks until the same is seen twice with a pause between: for what stands still at some time and tells nobody. */
export async function settled(look: () => number, pauseMs = 100): Promise<number> {
  for (let before = Number.NaN; ; await Bun.sleep(pauseMs)) {
    const now = look();
    if (now === before) return now;
    before = now;
  }
}
