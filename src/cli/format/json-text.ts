/**
 * Indents a JSON text without reading its values, so that numbers, order and escapes stay as the engine sent them
 * (Go's json.Indent).
 */
export function indentJson(text: string, indent = "    "): string {
  let depth = 0;
  const newline = () => `\n${indent.repeat(depth)}`;
  return text.trim().replace(/("(?:[^"\\]|\\.)*")|([[{])\s*([\]}])?|\s*([\]}])|\s*(,)\s*|\s*(:)\s*|\s+/g, (_, string: string, open: string, empty: string, close: string, comma: string, colon: string) => {
    if (string !== undefined) return string;
    if (open !== undefined) {
      if (empty !== undefined) return open + empty;
      depth++;
      return open + newline();
    }
    if (close !== undefined) {
      depth--;
      return newline() + close;
    }
    if (comma !== undefined) return `,${newline()}`;
    return colon === undefined ? "" : ": ";
  });
}
