import { expect, test } from "bun:test";
import fc from "fast-check";
import { FrameReader } from "./frames.ts";

function encode(frames: readonly { stream: number; payload: Uint8Array }[]): Uint8Array {
  return Buffer.concat(frames.flatMap(({ stream, payload }) => [Buffer.from([stream, 0, 0, 0, 0, 0, payload.length >> 8, payload.length & 255]), payload]));
}

test("pushJoined() gives each stream its bytes, wherever the chunks are cut, and never two neighbours of one stream", () => {
  const frame = fc.record({ stream: fc.constantFrom(1, 2), payload: fc.uint8Array({ minLength: 1, maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 30 }), fc.integer({ min: 1, max: 64 }), (frames, step) => {
      const wire = encode(frames);
      const reader = new FrameReader();
      const text: Record<number, number[]> = { 1: [], 2: [] };
      for (let at = 0; at < wire.length; at += step) {
        let previous = 0;
        for (const { stream, payload } of reader.pushJoined(wire.slice(at, at + step))) {
          expect(stream).not.toBe(previous);
          previous = stream;
          text[stream]?.push(...payload);
        }
      }
      for (const stream of [1, 2]) expect(text[stream]).toEqual(frames.filter((entry) => entry.stream === stream).flatMap((entry) => [...entry.payload]));
    }),
  );
});
