import type { Heredoc } from "./instruction.ts";
import { delimiterWords, rawWords } from "./expand.ts";
import { trim } from "./text.ts";

export type HeredocStart = Omit<Heredoc, "content">;

/** `<<EOF`, `<<-"EOF"`, `3<<EOF` as a word of its own; undefined for any other word. @throws WordError for an open quote */
export function heredocStart(word: string): HeredocStart | undefined {
  const [, descriptor = "", dash = "", rest = ""] = /^([0-9]*)<<(-?)\s*([^<]*)$/.exec(word) ?? [];
  if (rest === "") return undefined;
  const words = delimiterWords(rest, false);
  const [name = ""] = words;
  if (words.length !== 1) return undefined;
  const [raw = ""] = delimiterWords(rest, true);
  return { name, chomp: dash === "-", descriptor: Number(descriptor) || 0, expand: quotes(name) === quotes(raw) };
}

/** The heredocs an instruction line announces, in their order. @throws WordError */
export function heredocsOf(line: string): HeredocStart[] {
  return (rawWords(line) ?? []).map(heredocStart).filter((start) => start !== undefined);
}

/** What the step sees: without leading tabs where `<<-` asks for it. */
export function heredocText({ content, chomp }: Pick<Heredoc, "content" | "chomp">): string {
  return chomp ? content.replace(/^\t+/gm, "") : content;
}

/** The first line of a document, for the name of its step. */
export function heredocSummary(content: string): string {
  const [first = "", ...rest] = trim(content).replaceAll("\r\n", "\n").split("\n", 2);
  return rest.length > 0 ? `${first}...` : first;
}

const quotes = (text: string): number => text.split(/['"]/).length;
