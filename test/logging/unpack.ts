/** A MessagePack reader for what a fluentd would receive; an incomplete value at the end is left out. */
export function unpack(bytes: Buffer): unknown[] {
  const values: unknown[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      const [value, end] = read(bytes, at);
      values.push(value);
      at = end;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return values;
}

function read(bytes: Buffer, at: number): [unknown, number] {
  const code = bytes.readUInt8(at);
  if (code < 0x80) return [code, at + 1];
  if (code < 0x90) return map(bytes, at + 1, code & 15);
  if (code < 0xa0) return list(bytes, at + 1, code & 15);
  if (code < 0xc0) return text(bytes, at + 1, code & 31);
  switch (code) {
    case 0xd2:
      return [bytes.readInt32BE(at + 1), at + 5];
    case 0xd7:
      return [slice(bytes, at + 2, 8), at + 10];
    case 0xd9:
      return text(bytes, at + 2, bytes.readUInt8(at + 1));
    case 0xda:
      return text(bytes, at + 3, bytes.readUInt16BE(at + 1));
    default:
      throw new Error(`unexpected code ${code.toString(16)}`);
  }
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError("incomplete");
  return bytes.subarray(at, at + length);
}

const text = (bytes: Buffer, at: number, length: number): [string, number] => [slice(bytes, at, length).toString(), at + length];

function list(bytes: Buffer, at: number, count: number): [unknown[], number] {
  const items: unknown[] = [];
  for (let number = 0; number < count; number++) {
    const [item, end] = read(bytes, at);
    items.push(item);
    at = end;
  }
  return [items, at];
}

function map(bytes: Buffer, at: number, count: number): [Record<string, unknown>, number] {
  const members: Record<string, unknown> = {};
  for (let number = 0; number < count; number++) {
    const [key, afterKey] = read(bytes, at);
    const [value, end] = read(bytes, afterKey);
    members[String(key)] = value;
    at = end;
  }
  return [members, at];
}
