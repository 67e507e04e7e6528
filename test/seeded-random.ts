/** xorshift: a failing run names its seed and can be repeated with HAKO_TEST_SEED. */
export const seed = Number(process.env["HAKO_TEST_SEED"] ?? Date.now() % 1_000_000);
let state = seed || 1;

/** From 0 up to and not including `below`. */
export function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return Math.abs(state) % below;
}
