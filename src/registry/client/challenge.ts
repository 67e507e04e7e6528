/** One way to prove oneself that a server offers (RFC 9110, 11.6.1): the scheme in lower case, and its parameters. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_CHALLENGES = 8;
const MAX_PARAMETERS = 16;
const SCHEME = /[,\s]*([!#$%&'*+.^`|~\w-]+)(?=[\s,]|$)(?!\s*=)[ \t]*/y;
const PARAMETER = /[,\s]*([!#$%&'*+.^`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;

/** What a WWW-Authenticate header offers; what cannot be read of it is left out. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  while (challenges.length < MAX_CHALLENGES) {
    const scheme = match(SCHEME, header, at);
    if (!scheme?.[1]) break;
    at = SCHEME.lastIndex;
    const parameters = new Map<string, string>();
    for (let found = match(PARAMETER, header, at); found?.[1] && parameters.size < MAX_PARAMETERS; found = match(PARAMETER, header, at)) {
      at = PARAMETER.lastIndex;
      parameters.set(found[1].toLowerCase(), found[2]?.replace(/\\(.)/g, "$1") ?? found[3] ?? "");
    }
    challenges.push({ scheme: scheme[1].toLowerCase(), parameters });
  }
  return challenges;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
