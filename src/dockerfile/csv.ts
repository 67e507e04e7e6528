import { InstructionError } from "./instruction-error.ts";

/** The fields of one CSV record; a field may be quoted whole, `""` standing for a quote. @throws InstructionError naming what was read */
export function csvFields(text: string, what: string): string[] {
  if (text === "") throw new InstructionError(`failed to parse csv ${what}: EOF`);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at, what) : plainField(text, at, what);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function plainField(text: string, start: number, what: string): { field: string; end: number } {
  const comma = text.indexOf(",", start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  if (field.includes('"')) throw refused(what, start + field.indexOf('"'), 'bare " in non-quoted-field');
  return { field, end };
}

function quotedField(text: string, start: number, what: string): { field: string; end: number } {
  let field = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw refused(what, at, 'extraneous or missing " in quoted-field');
    field += text.slice(at, quote);
    const next = text[quote + 1];
    if (next === undefined || next === ",") return { field, end: quote + 1 };
    if (next !== '"') throw refused(what, quote, 'extraneous or missing " in quoted-field');
    field += '"';
    at = quote + 2;
  }
}

const refused = (what: string, index: number, reason: string): InstructionError => new InstructionError(`failed to parse csv ${what}: parse error on line 1, column ${index + 1}: ${reason}`);
