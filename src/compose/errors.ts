import type { Place } from "./tree/node.ts";

/** Where a mistake stands, for programs: an editor, a test, a build server. */
export interface MistakePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

export interface MistakeDetails {
  readonly at?: Place | undefined;
  /** Dotted path of what is wrong: `services.web.ports`. */
  readonly path?: string | undefined;
  /** What to do about it, where docker-compose's sentence does not say. */
  readonly fix?: string | undefined;
}

/**
 * A project that cannot be loaded. `summary` is docker-compose's sentence, to the letter where it has one; the message adds a line with
 * file, line, column, path and fix where they are known.
 */
export class ComposeError extends Error {
  readonly summary: string;
  readonly place: MistakePlace | undefined;
  readonly path: string | undefined;
  readonly fix: string | undefined;

  constructor(summary: string, { at, path, fix }: MistakeDetails = {}) {
    const place = at && placeOf(at);
    super(summary + detailLine(place, path, fix));
    this.name = "ComposeError";
    this.summary = summary;
    this.place = place;
    this.path = path;
    this.fix = fix;
  }
}

export function placeOf({ source, offset }: Place): MistakePlace {
  const before = source.text.slice(0, offset);
  const line = before.split("\n").length;
  return { file: source.file, line, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}

function detailLine(place: MistakePlace | undefined, path: string | undefined, fix: string | undefined): string {
  const parts = [place && `${place.file}:${place.line}:${place.column}`, path, fix].filter((part) => part !== undefined && part !== "");
  return place || fix ? `\n  ${parts.join(": ")}` : "";
}
