import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { LANGUAGES, languageOf, type Language } from "./words.ts";

/** `--lang`, else what the environment says. @throws Failure for a language that there is not */
export function languageFlag(flags: Flags): Language {
  const asked = flags.string("lang");
  if (!asked) return languageOf(process.env);
  const known = LANGUAGES.find((each) => each === asked);
  if (!known) throw new Failure(`unknown language ${JSON.stringify(asked)}: use one of ${LANGUAGES.join(", ")}`);
  return known;
}
