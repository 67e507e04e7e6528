import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { EventDecoder } from "../../src/runtime/control-protocol.ts";
import { connectShim, Shim } from "../../src/runtime/shim.ts";
import { ShimCommandError, ShimLostError, StartError } from "../../src/runtime/shim-errors.ts";
import { exited, FakeShim, frame, hello, started, type Frame } from "./fake-shim.ts";

const ack = (request: Frame, errno = 0): Buffer => frame(32, request.payload.readUInt32LE(0), errno);

describe("EventDecoder", () => {
  test("cuts any split of a stream into the same events, and skips what it does not know", () => {
    const stream = Buffer.concat([hello(1, 7, 9n, 11n), frame(99, 1, 2), frame(36, 5n), Buffer.concat([Buffer.from([200, 0, 0, 0, 0, 0, 2, 0]), Buffer.alloc(0x20000)]), started(7, 9n), frame(33), exited(3, 0, 1, 12n), frame(34, 61, 2, "sh")]);
    const whole = new EventDecoder().push(stream);
    expect(whole.map((event) => event.kind)).toEqual(["hello", "log", "started", "exited", "failed"]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const decoder = new EventDecoder();
        const bounds = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const events = bounds.slice(1).flatMap((end, index) => decoder.push(new Uint8Array(stream.subarray(bounds[index], end))));
        expect(events).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});

describe("Shim", () => {
  test("tells start and exit", async () => {
    await using fake = await new FakeShim((_frame, socket) => void socket.write(Buffer.concat([hello(0), started(42, 5n), exited(137, 9, 1, 8n)]))).listen();
    const shim = await Shim.connect(fake.path, {});
    expect(await shim.started).toEqual({ pid: 42, startedNs: 5n });
    expect(await shim.exited).toEqual({ exitCode: 137, signal: 9, oomKilled: true, startedNs: 5n, finishedNs: 8n });
  });

  test("knows a running process from the greeting", async () => {
    await using fake = await new FakeShim((_frame, socket) => void socket.write(hello(1, 42, 5n))).listen();
    const shim = await connectShim(fake.path);
    expect(await shim?.started).toEqual({ pid: 42, startedNs: 5n });
    expect(shim?.pid).toBe(42);
    shim?.close();
  });

  test("a failed start names the operation", async () => {
    await using fake = await new FakeShim((_frame, socket) => void socket.write(Buffer.concat([hello(3), frame(34, 61, 2, "foo")]))).listen();
    const shim = await Shim.connect(fake.path, { errnoName: () => "ENOENT" });
    const error = await shim.started.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ op: "exec", errno: 2, code: "ENOENT", detail: "foo" });
  });

  test("a monitor of an earlier release is not asked for what it does not know", async () => {
    await using fake = await new FakeShim((_frame, socket) => void socket.write(hello(1, 42, 5n))).listen();
    const shim = await Shim.connect(fake.path, {});
    await expect(shim.rotateLog()).rejects.toThrow(ShimCommandError);
    await expect(shim.keepLog(true)).rejects.toThrow(ShimCommandError);
    shim.close();
  });

  test("commands wait for their own answer, in any order", async () => {
    const requests: Frame[] = [];
    await using fake = await new FakeShim((request, socket) => {
      if (request.type === 1) return void socket.write(hello(1, 42));
      requests.push(request);
      if (requests.length === 3) for (const late of [...requests].reverse()) socket.write(ack(late, late.type === 17 ? 25 : 0));
    }).listen();
    const shim = await Shim.connect(fake.path, {});
    const [kill, resize, close] = await Promise.allSettled([shim.kill(15), shim.resize(24, 80), shim.closeStdin()]);
    expect(kill.status).toBe("fulfilled");
    expect(close.status).toBe("fulfilled");
    expect(resize.status === "rejected" && resize.reason).toBeInstanceOf(ShimCommandError);
    expect(requests.map((request) => [...new Uint32Array(new Uint8Array(request.payload).buffer)].slice(1))).toEqual([[15], [24, 80], []]);
    shim.close();
  });

  test("a command to a process that has ended fails as no such process", async () => {
    await using fake = await new FakeShim((_frame, socket) => void socket.write(Buffer.concat([hello(1, 42), exited(0, 0, 0, 1n)]))).listen();
    const shim = await Shim.connect(fake.path, {});
    await shim.exited;
    expect(await shim.kill(9).catch((reason: unknown) => reason)).toMatchObject({ errno: 3 });
  });

  test("a shim that vanishes leaves its exit file, or an error", async () => {
    await using fake = await new FakeShim((_frame, socket) => (socket.write(hello(1, 42, 5n)), socket.end())).listen();
    const exitFile = join(fake.dir, "exit");
    const lost = await Shim.connect(fake.path, { exitFile });
    expect(await lost.exited.catch((reason: unknown) => reason)).toBeInstanceOf(ShimLostError);
    writeFileSync(exitFile, `{"exitCode":3,"signal":0,"oomKilled":false,"startedNs":"5","finishedNs":"6","pid":42}\n`);
    const shim = await Shim.connect(fake.path, { exitFile });
    expect(await shim.exited).toEqual({ exitCode: 3, signal: 0, oomKilled: false, startedNs: 5n, finishedNs: 6n });
  });

  test("connectShim() finds nobody where nobody is", async () => {
    expect(await connectShim("/nowhere/s")).toBeUndefined();
    await using fake = await new FakeShim((_frame, socket) => void socket.destroy()).listen();
    expect(await connectShim(fake.path)).toBeUndefined();
  });

  test("one watch serves many readers", async () => {
    const watches: bigint[] = [];
    await using fake = await new FakeShim((request, socket) => {
      if (request.type === 1) socket.write(hello(1, 42, 5n, 10n));
      if (request.type === 18) watches.push(request.payload.readBigUInt64LE(0));
    }).listen();
    const shim = await connectShim(fake.path);
    if (!shim) throw new Error("not connected");
    expect(await shim.watchLog(5)).toBe(10);
    const far = shim.watchLog(100);
    const near = shim.watchLog(10n);
    await fake.received(3);
    fake.sockets[0]?.write(frame(36, 50n));
    expect(await near).toBe(50);
    await fake.received(4);
    fake.sockets[0]?.write(exited(0, 0, 0, 1n));
    expect(await far).toBe(100);
    expect(watches).toEqual([100n, 10n, 100n]);
    expect(await shim.watchLog(500)).toBe(500);
  });
});

describe("Shim streams", () => {
  test("output arrives behind the greeting, whole, to a slow reader", async () => {
    const payload = Buffer.alloc(5_000_000, "abcdefgh");
    await using fake = await new FakeShim((_frame, socket) => (socket.write(hello(1, 1).subarray(0, 5)), setTimeout(() => socket.end(Buffer.concat([hello(1, 1).subarray(5), payload])), 5))).listen();
    const shim = await Shim.connect(fake.path, {});
    const chunks: Uint8Array[] = [];
    for await (const chunk of await shim.openOutput()) {
      chunks.push(chunk);
      if (chunks.length < 5) await Bun.sleep(2);
    }
    expect(Buffer.concat(chunks).equals(payload)).toBe(true);
    shim.close();
  });

  test("a reader that stops hangs up", async () => {
    const closed = Promise.withResolvers<void>();
    await using fake = await new FakeShim((request, socket) => {
      socket.write(hello(1, 1));
      if (request.payload.readUInt32LE(4) === 2) socket.on("end", () => closed.resolve()), socket.on("close", () => closed.resolve()), socket.write("xxxx");
    }).listen();
    const shim = await Shim.connect(fake.path, {});
    for await (const _chunk of await shim.openOutput()) break;
    await closed.promise;
    shim.close();
  });

  test("input arrives whole at a slow process, then its end", async () => {
    let received = 0;
    const ended = Promise.withResolvers<void>();
    await using fake = await new FakeShim((request, socket) => {
      socket.write(hello(1, 1));
      if (request.payload.readUInt32LE(4) !== 1) return;
      socket.on("raw", (bytes: Buffer) => (received += bytes.length));
      socket.on("data", (bytes: Buffer) => {
        received += bytes.length;
        socket.pause();
        setTimeout(() => socket.resume(), 1);
      });
      socket.on("end", () => ended.resolve());
    }).listen();
    const shim = await Shim.connect(fake.path, {});
    const stdin = await shim.openStdin();
    for (let part = 0; part < 20; part += 1) await stdin.write(new Uint8Array(100_000));
    stdin.end();
    await ended.promise;
    expect(received).toBe(2_000_000);
    shim.close();
  });
});
