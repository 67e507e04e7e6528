import { Failure } from "../../failure.ts";

/** One line of comma-separated values, quotes as in RFC 4180. @throws Failure */
export function splitFields(text: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/y;
  for (;;) {
    const match = pattern.exec(text);
    if (!match) throw new Failure(`ERROR: failed to parse ${JSON.stringify(text)} as comma-separated values`);
    fields.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === "") return fields;
  }
}

/** `key=value` fields; keys in lower case. @throws Failure in docker's words */
export function splitPairs(text: string): Array<readonly [key: string, value: string]> {
  return splitFields(text).map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) throw new Failure(`ERROR: invalid field '${field}' must be a key=value pair`);
    return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)] as const;
  });
}

/** What docker says before it asks the engine for anything. */
export const notPrepared = (what: string): Failure => new Failure(`ERROR: failed to build: ${what}`);
