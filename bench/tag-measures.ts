/** A list of many tags: what it takes beyond the start of a process. */
import { IMAGE, must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const TAGS_AT_ONCE = 50;
const tagName = (index: number): string => `hb-tags:${index}`;
const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];

async function tagged(side: Side, tags: number): Promise<void> {
  for (let at = 0; at < tags; at += TAGS_AT_ONCE) await Promise.all(Array.from({ length: Math.min(TAGS_AT_ONCE, tags - at) }, (_, index) => must(cli(side, "tag", IMAGE, tagName(at + index)))));
}

async function untagged(side: Side, tags: number): Promise<void> {
  for (let at = 0; at < tags; at += TAGS_AT_ONCE) await must(cli(side, "rmi", ...Array.from({ length: Math.min(TAGS_AT_ONCE, tags - at) }, (_, index) => tagName(at + index))));
}

export function tagMeasures(tags: number): Measure[] {
  const beyondStart = async (side: Side): Promise<number> => {
    const start = await timed(cli(side, "--version"));
    return (await timed(cli(side, "images"))) - start;
  };
  return [{ name: `\`images\` with ${tags} tags, beyond process start`, unit: "ms", goal: 1, most: 30, repetitions: 15, quickRepetitions: 7, prepare: (side) => tagged(side, tags), measure: beyondStart, release: (side) => untagged(side, tags) }];
}
