/** Processes that pack layers, one after the other, and what becomes of a job when they end. */
import { expect, test } from "bun:test";
import { LayerPackers } from "../../src/archive/layer-packers.ts";
import type { GrowingProcess } from "../../src/archive/growing.ts";

interface Helper {
  readonly process: GrowingProcess;
  jobs: number;
  end(code: number): void;
}

/** A helper that answers each job with what `answers` says, in one piece. */
function helper(answers: readonly string[]): Helper {
  const exited = Promise.withResolvers<number>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const writer = output.writable.getWriter();
  const made: Helper = {
    jobs: 0,
    end(code) {
      void writer.close().catch(() => undefined);
      exited.resolve(code);
    },
    process: {
      exited: exited.promise,
      stdin: {
        write: async () => void writer.write(Buffer.from(answers[made.jobs++] ?? "")),
        end: () => undefined,
      },
      stdout: output.readable as unknown as AsyncIterable<Uint8Array>,
      kill: async () => made.end(137),
    },
  };
  return made;
}

async function packed(packers: LayerPackers): Promise<string> {
  let text = "";
  for await (const piece of packers.pack("/folder", new AbortController().signal)) text += Buffer.from(piece).toString();
  return text;
}

test("a process packs layer after layer; one that has ended meanwhile is not asked again", async () => {
  const helpers = [helper(["3\r\none\r\n0\r\n\r\n", "3\r\ntwo\r\n0\r\n\r\n"]), helper(["5\r\nthree\r\n0\r\n\r\n"])];
  let launched = 0;
  const packers = new LayerPackers(async () => (helpers[launched++] as Helper).process);
  expect([await packed(packers), await packed(packers), launched]).toEqual(["one", "two", 1]);
  helpers[0]?.end(137);
  await helpers[0]?.process.exited;
  expect([await packed(packers), launched]).toEqual(["three", 2]);
});

test("a process that fails tells why; one that fails in the middle is this machine's fault, not the client's", async () => {
  const failing = (answer: string): LayerPackers => new LayerPackers(async () => helper([answer]).process);
  const report = '{"error":{"kind":"System","message":"read: input/output error"}}\n';
  await expect(packed(failing(report))).rejects.toMatchObject({ kind: "System", message: "read: input/output error" });
  await expect(packed(failing(`3\r\none\r\n${report}`))).rejects.toMatchObject({ kind: "System", message: "the helper that read the files failed in the middle of them" });
});
