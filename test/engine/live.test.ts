import { expect, test } from "bun:test";
import { LiveTable } from "../../src/engine/live.ts";

test("a restart that falls due during recovery waits for its end, unless it is called off", async () => {
  const live = new LiveTable();
  const [restarted, restart] = [[] as string[], Promise.withResolvers<void>()];
  live.scheduleRestart("kept", 10_000, () => {
    restarted.push("kept");
    restart.resolve();
  });
  live.scheduleRestart("stopped", 10_000, () => void restarted.push("stopped"));
  // Later than both, whose timers are as long.
  const { promise: due, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 150);
  await due;
  expect(restarted).toEqual([]);
  live.cancelRestart("stopped");
  live.allowRestarts();
  await restart.promise;
  expect(restarted).toEqual(["kept"]);
});
