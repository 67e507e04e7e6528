import { malformed } from "./malformed.ts";

/** How many bits the code of each byte has (RFC 7541, appendix B), as letters: A is 5. The codes follow from that, for shorter ones come first and equally long ones in order. */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV";
const SHORTEST = 5;
const LONGEST = 30;
const lengthOf = (symbol: number): number => LENGTHS.charCodeAt(symbol) - "A".charCodeAt(0) + SHORTEST;

/** Of codes of one length: the first one, and the bytes that they stand for. */
interface CodeRow {
  readonly first: number;
  readonly symbols: readonly number[];
}

const ROWS: readonly CodeRow[] = rows();

function rows(): CodeRow[] {
  const made: CodeRow[] = [];
  let code = 0;
  for (let length = 0; length <= LONGEST; length++) {
    const symbols = Array.from({ length: LENGTHS.length }, (_, symbol) => symbol).filter((symbol) => lengthOf(symbol) === length);
    made.push({ first: code, symbols });
    code = (code + symbols.length) * 2;
  }
  return made;
}

/** @throws EngineError InvalidParameter */
export function decodeHuffman(bytes: Uint8Array): Uint8Array {
  const decoded = new Uint8Array(Math.floor((bytes.length * 8) / SHORTEST));
  let filled = 0;
  let code = 0;
  let length = 0;
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const { first, symbols } = ROWS[length] ?? ended();
      const symbol = symbols[code - first];
      if (symbol === undefined || code < first) continue;
      decoded[filled++] = symbol;
      code = 0;
      length = 0;
    }
  // What is left is the beginning of the end mark: ones, fewer than a byte.
  if (length > 7 || code !== 2 ** length - 1) throw malformed("a header's text ends within a code");
  return decoded.subarray(0, filled);
}

function ended(): never {
  throw malformed("a header's text has an end mark in it");
}
