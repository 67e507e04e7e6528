import { CHUNK_BYTES, RENDERED_CHUNK_BYTES, type FrameLog } from "./frame-log.ts";
import { FrameRenderer, isPlain, type Rendering } from "./frame-renderer.ts";
import type { LogFiles } from "./segments.ts";
import { walkLog, type PieceReader, type WalkOptions } from "./walk-log.ts";

export type ReadLogOptions = WalkOptions & Omit<Rendering, "tty">;

/**
 * What a client of `logs` or `attach` receives: Docker's multiplexed frames, or a terminal's raw bytes. Bytes are
 * read from the file as the consumer takes them: a slow one holds back nobody, and costs one chunk of memory.
 */
export async function* readLog(files: LogFiles & { readonly tty: boolean }, options: ReadLogOptions): AsyncGenerator<Uint8Array> {
  const { timestamps, stdout, stderr, details } = options;
  const rendering: Rendering = { tty: files.tty, timestamps, stdout, stderr, details };
  const reader = (log: FrameLog): PieceReader<Uint8Array> => (isPlain(rendering) ? PLAIN : rendered(new FrameRenderer(rendering, log.index)));
  for await (const { value } of walkLog(files, options, { reader, needsIndex: timestamps })) if (value.length > 0) yield value;
}

const PLAIN: PieceReader<Uint8Array> = { chunkBytes: CHUNK_BYTES, take: (chunk) => ({ value: chunk, consumed: chunk.length }) };

function rendered(renderer: FrameRenderer): PieceReader<Uint8Array> {
  return {
    chunkBytes: RENDERED_CHUNK_BYTES,
    take: (chunk, offset) => {
      const { bytes, consumed } = renderer.render(chunk, offset);
      return { value: bytes, consumed };
    },
  };
}
