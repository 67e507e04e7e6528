/** `--platform os[/arch[/variant]]`, as JSON: the form in which routes of images take it. @throws Error in Docker's words */
export function platformJson(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) throw new Error(`invalid platform: ${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  const [os, architecture, variant] = parts;
  return JSON.stringify({ os, ...(architecture !== undefined && { architecture }), ...(variant !== undefined && { variant }) });
}
