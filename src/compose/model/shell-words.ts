/** The words of a command line: quotes and backslashes as a shell has them, nothing is expanded. @throws Error for a quote that does not end */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (letter === "\\" && quote !== "'") {
      at++;
      if (at >= line.length) throw new Error("invalid command line string");
      word = (word ?? "") + line.charAt(at);
    } else if (quote !== "") {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= "";
    } else if (/[ \t\r\n]/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[;&|<>]/.test(letter)) {
      // What follows is the shell's business; so is the number of a stream before `>`.
      if (letter === ">" && /^\d$/.test(word ?? "")) word = undefined;
      break;
    } else if (letter === "`" || letter === "(") {
      if (letter === "(" && !word?.endsWith("$")) throw new Error("invalid command line string");
      const end = line.indexOf(letter === "(" ? ")" : "`", at + 1);
      if (end < 0) throw new Error("invalid command line string");
      word = (word ?? "") + line.slice(at, end + 1);
      at = end;
    } else word = (word ?? "") + letter;
  }
  if (quote !== "") throw new Error("invalid command line string");
  if (word !== undefined) words.push(word);
  return words;
}
