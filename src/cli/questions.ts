import { out } from "./output.ts";
import { hideTyping } from "./terminal.ts";

/** Longer than this is no password. */
const MAX_INPUT_BYTES = 1 << 20;

/** All of standard input, as text. */
export async function readInput(): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of Bun.stdin.stream()) {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES) break;
  }
  return Buffer.concat(pieces).toString("utf8");
}

let typed = "";
let input: AsyncIterator<Uint8Array> | undefined;

/** The next line of standard input, "" at its end. What follows it is kept for the next question. */
export async function askLine(question: string): Promise<string> {
  out(question);
  input ??= Bun.stdin.stream()[Symbol.asyncIterator]();
  while (!typed.includes("\n") && typed.length < MAX_INPUT_BYTES) {
    const { value, done } = await input.next();
    if (done) break;
    typed += Buffer.from(value).toString("utf8");
  }
  const end = typed.indexOf("\n");
  const line = end < 0 ? typed : typed.slice(0, end);
  typed = end < 0 ? "" : typed.slice(end + 1);
  return line;
}

/** The same, without showing what is typed. */
export async function askHidden(question: string): Promise<string> {
  const shown = hideTyping();
  const interrupted = () => {
    shown.restore();
    out("\n");
    process.exit(130);
  };
  process.on("SIGINT", interrupted);
  try {
    return await askLine(question);
  } finally {
    process.off("SIGINT", interrupted);
    shown.restore();
    out("\n");
  }
}
