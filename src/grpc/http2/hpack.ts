import { decodeHuffman } from "./huffman.ts";
import { malformed } from "./malformed.ts";

/** Names are lower case; a name may come again. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** RFC 7541, appendix A. */
const STATIC: HeaderList = [
  ...pairs(":authority=|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500"),
  ...pairs("accept-charset=|accept-encoding=gzip, deflate|accept-language=|accept-ranges=|accept=|access-control-allow-origin=|age=|allow=|authorization=|cache-control=|content-disposition="),
  ...pairs("content-encoding=|content-language=|content-length=|content-location=|content-range=|content-type=|cookie=|date=|etag=|expect=|expires=|from=|host=|if-match=|if-modified-since="),
  ...pairs("if-none-match=|if-range=|if-unmodified-since=|last-modified=|link=|location=|max-forwards=|proxy-authenticate=|proxy-authorization=|range=|referer=|refresh=|retry-after=|server="),
  ...pairs("set-cookie=|strict-transport-security=|transfer-encoding=|user-agent=|vary=|via=|www-authenticate="),
];

function pairs(text: string): [string, string][] {
  return text.split("|").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
}

const MAX_TABLE_BYTES = 4096;
const ENTRY_BYTES = 32;
const MAX_LIST_BYTES = 256 * 1024;
const MAX_NUMBER = 2 ** 24;

/** Reads the header blocks of one direction of a connection, each in its turn: they build upon each other. */
export class HeaderDecoder {
  #table: [string, string][] = [];
  #tableBytes = 0;
  #limit = MAX_TABLE_BYTES;

  /** @throws EngineError InvalidParameter: the connection cannot go on */
  decode(block: Uint8Array): HeaderList {
    const reader = new BlockReader(block);
    const list: [string, string][] = [];
    let listBytes = 0;
    while (!reader.done) {
      const header = this.#next(reader);
      if (!header) continue;
      listBytes += sizeOf(header);
      if (listBytes > MAX_LIST_BYTES) throw malformed("headers are too long");
      list.push(header);
    }
    return list;
  }

  #next(reader: BlockReader): [string, string] | undefined {
    const first = reader.peek();
    if (first >= 0x80) return this.#entry(reader.number(7));
    if (first >= 0x40) return this.#add(this.#literal(reader, 6));
    if (first >= 0x20) {
      this.#limit = reader.number(5);
      if (this.#limit > MAX_TABLE_BYTES) throw malformed("a header table is too large");
      this.#evict();
      return undefined;
    }
    return this.#literal(reader, 4);
  }

  #literal(reader: BlockReader, prefix: number): [string, string] {
    const index = reader.number(prefix);
    const name = index === 0 ? reader.text() : this.#entry(index)[0];
    return [name, reader.text()];
  }

  #entry(index: number): [string, string] {
    const found = index <= STATIC.length ? STATIC[index - 1] : this.#table[index - STATIC.length - 1];
    if (!found) throw malformed("a header that is in no table");
    return [found[0], found[1]];
  }

  #add(header: [string, string]): [string, string] {
    this.#table.unshift(header);
    this.#tableBytes += sizeOf(header);
    this.#evict();
    return header;
  }

  #evict(): void {
    while (this.#tableBytes > this.#limit) {
      const last = this.#table.pop();
      this.#tableBytes -= last ? sizeOf(last) : this.#tableBytes;
    }
  }
}

const sizeOf = ([name, value]: readonly [string, string]): number => name.length + value.length + ENTRY_BYTES;

class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? cutOff();
  }

  /** In the lower bits of a byte, and further bytes when it does not fit. */
  number(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > MAX_NUMBER || scale > MAX_NUMBER) throw malformed("a number among headers is too large");
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const isHuffman = this.peek() >= 0x80;
    const length = this.number(7);
    if (this.#at + length > this.#bytes.length) cutOff();
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return Buffer.from(isHuffman ? decodeHuffman(bytes) : bytes).toString("latin1");
  }

  #byte(): number {
    const byte = this.peek();
    this.#at++;
    return byte;
  }
}

function cutOff(): never {
  throw malformed("headers are cut off");
}

/** As literals that no table remembers: what is sent is short. */
export function encodeHeaders(list: HeaderList): Uint8Array {
  return Buffer.concat(list.flatMap(([name, value]) => [Buffer.from([0]), encodeText(name), encodeText(value)]));
}

function encodeText(text: string): Uint8Array {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  if (bytes.length < 0x7f) length.push(bytes.length);
  else {
    length.push(0x7f);
    let rest = bytes.length - 0x7f;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) + 0x80);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
