import { Failure } from "../failure.ts";
import { Template, TemplateError } from "../template/mod.ts";

/** `inspect --format`: fields by their Go names too, where those differ from JSON's only by case (`.ID` is `Id`). */
export function inspectTemplate(format: string): (data: unknown) => string {
  let template: Template;
  try {
    template = new Template(format);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: template: :1: ${error.message}`, 64);
    throw error;
  }
  return (data) => {
    try {
      return template.run(data, { lookup });
    } catch (error) {
      if (error instanceof TemplateError) throw new Failure(`template parsing error: template: :1: ${error.message}`);
      throw error;
    }
  };
}

function lookup(value: unknown, name: string): unknown {
  if (value === null || value === undefined) throw new TemplateError(`nil data; no entry for key ${JSON.stringify(name)}`);
  if (typeof value !== "object" || Array.isArray(value)) throw new TemplateError(`can't evaluate field ${name} in type ${Array.isArray(value) ? "[]interface {}" : typeof value}`);
  const members = value as Record<string, unknown>;
  if (Object.hasOwn(members, name)) return members[name];
  const same = Object.keys(members).find((key) => key.toLowerCase() === name.toLowerCase());
  if (same !== undefined) return members[same];
  throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
}
