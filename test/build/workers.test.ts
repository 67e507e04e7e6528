/** Processes that work on files: used again, replaced when they end, killed when nobody waits. */
import { expect, test } from "bun:test";
import { Workers } from "../../src/build/ops/workers.ts";
import type { WorkerProcess } from "../../src/build/mod.ts";

const JOB = { kind: "size", folder: "/" } as const;
const signal = (): AbortSignal => new AbortController().signal;

/** Processes that answer each job with the next of these; undefined: it ends instead, "never": it says nothing until it is killed. */
function processes(...answers: (string | undefined)[]) {
  const log = { launched: 0, killed: 0 };
  const busy = Promise.withResolvers<void>();
  const launch = async (): Promise<WorkerProcess> => {
    log.launched++;
    const ended = Promise.withResolvers<number>();
    let answer = Promise.withResolvers<string | undefined>();
    async function* stdout(): AsyncGenerator<Uint8Array, void, void> {
      for (;;) {
        const line = await answer.promise;
        if (line === undefined) return ended.resolve(137);
        answer = Promise.withResolvers();
        yield Buffer.from(`${line}\n`);
      }
    }
    const write = async (): Promise<void> => {
      const next = answers.shift();
      if (next === "never") busy.resolve();
      else answer.resolve(next);
      await Promise.resolve();
    };
    const kill = async (): Promise<void> => {
      log.killed++;
      ended.resolve(137);
      answer.resolve(undefined);
      await Promise.resolve();
    };
    return await Promise.resolve({ exited: ended.promise, stdin: { write, end: () => answer.resolve(undefined) }, stdout: stdout(), kill });
  };
  return { log, launch, busy: busy.promise };
}

test("one process does job after job, also after one that it refused", async () => {
  const { log, launch } = processes('{"result":{"bytes":1}}', '{"error":{"kind":"NotFound","message":"\\"/x\\": not found"}}', '{"result":{"bytes":2}}');
  await using workers = new Workers(launch, 1);
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 1 });
  await expect(workers.run(JOB, signal())).rejects.toMatchObject({ kind: "NotFound", message: '"/x": not found' });
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 2 });
  expect(log).toEqual({ launched: 1, killed: 0 });
});

test("one that is expected to have something to do is there for it", async () => {
  const { log, launch } = processes('{"result":{"bytes":1}}', '{"result":{"bytes":2}}');
  await using workers = new Workers(launch, 2);
  workers.expect();
  workers.expect();
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 1 });
  workers.expect();
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 2 });
  expect(log.launched).toBe(1);
});

test("work that nobody waits for is called off when the engine stops", async () => {
  const { log, launch, busy } = processes("never");
  const workers = new Workers(launch, 1);
  const work = workers.run(JOB, workers.stopping);
  await busy;
  const stopped = workers[Symbol.asyncDispose]();
  await expect(work).rejects.toThrow("the engine is stopping");
  await stopped;
  expect(log.killed).toBeGreaterThan(0);
});

test("one that cannot be started beforehand fails nobody", async () => {
  const { launch } = processes('{"result":{"bytes":1}}');
  let launches = 0;
  await using workers = new Workers(async () => (launches++ === 0 ? await Promise.reject(new Error("no process")) : await launch()), 1);
  workers.expect();
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 1 });
});

test("one that ends without an answer fails its job alone", async () => {
  const { log, launch } = processes(undefined, '{"result":{"bytes":3}}');
  await using workers = new Workers(launch, 1);
  await expect(workers.run(JOB, signal())).rejects.toThrow("ended with 137 and no result");
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 3 });
  expect(log.launched).toBe(2);
});

test("a job that is called off takes its process along", async () => {
  const { log, launch, busy } = processes("never", '{"result":{"bytes":4}}');
  await using workers = new Workers(launch, 1);
  const abort = new AbortController();
  const waiting = workers.run(JOB, abort.signal);
  const next = workers.run(JOB, signal());
  await busy;
  abort.abort(new Error("called off"));
  await expect(waiting).rejects.toThrow("called off");
  expect(await next).toEqual({ bytes: 4 });
  expect(log.killed).toBeGreaterThan(0);
});

test("a job that is called off while its process starts does not begin", async () => {
  const { log, launch } = processes('{"result":{"bytes":5}}');
  await using workers = new Workers(launch, 1);
  const abort = new AbortController();
  const waiting = workers.run(JOB, abort.signal);
  abort.abort(new Error("called off"));
  await expect(waiting).rejects.toThrow("called off");
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 5 });
  expect(log.launched).toBe(2);
});

test("a job that is called off while it waits leaves its turn to the next", async () => {
  const { launch, busy } = processes("never", '{"result":{"bytes":6}}');
  await using workers = new Workers(launch, 1);
  const [abortFirst, abortSecond] = [new AbortController(), new AbortController()];
  const first = workers.run(JOB, abortFirst.signal).catch(() => "called off");
  await busy;
  const second = workers.run(JOB, abortSecond.signal).catch(() => "called off");
  const third = workers.run(JOB, signal());
  abortSecond.abort();
  abortFirst.abort();
  expect(await Promise.all([first, second, third])).toEqual(["called off", "called off", { bytes: 6 }]);
});

test("one that ended while it had nothing to do fails no job", async () => {
  const helpers = [processes('{"result":{"bytes":7}}'), processes('{"result":{"bytes":8}}')];
  const started: WorkerProcess[] = [];
  await using workers = new Workers(async () => {
    const process = await (helpers[started.length] as (typeof helpers)[0]).launch();
    started.push(process);
    return process;
  }, 1);
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 7 });
  await started[0]?.kill();
  await started[0]?.exited;
  expect(await workers.run(JOB, signal())).toEqual({ bytes: 8 });
});
