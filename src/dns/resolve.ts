import { answer, nameBytes, type AnswerRecord } from "./answer.ts";
import { addressOfReverseName } from "./arpa.ts";
import { CLASS, TYPE, type Query } from "./message.ts";
import type { NamedContainer, NameTable } from "./names.ts";

/** The answer to a question about the asker's networks; undefined for a question that is somebody else's. */
export function resolveOwn(names: NameTable, asker: NamedContainer, query: Query, maxBytes: number): Buffer | undefined {
  const { name, type } = query;
  if (name === undefined || name === "" || (query.class !== CLASS.IN && query.class !== CLASS.ANY)) return undefined;
  const records = ownRecords(names, asker, name, type) ?? (isWordToComplete(asker, name, type) ? [] : undefined);
  return records && answer(query, records, maxBytes);
}

/** A name that exists has no records of other types: an empty answer, which is not "no such name". */
function ownRecords(names: NameTable, asker: NamedContainer, name: string, type: number): AnswerRecord[] | undefined {
  if (type === TYPE.PTR && name.endsWith(".arpa")) {
    const address = addressOfReverseName(name);
    const host = address === undefined ? undefined : names.reverse(asker, address);
    return host === undefined ? undefined : [{ type: TYPE.PTR, data: nameBytes(host) }];
  }
  const found = names.lookup(asker, name);
  if (!found) return undefined;
  const records: AnswerRecord[] = [];
  if (type === TYPE.A || type === TYPE.ANY) for (const data of shuffled(found.ipv4)) records.push({ type: TYPE.A, data });
  if (type === TYPE.AAAA || type === TYPE.ANY) for (const data of shuffled(found.ipv6)) records.push({ type: TYPE.AAAA, data });
  return records;
}

/** With ndots set, Docker sends no single word out: an empty answer lets the client go on with its search list. */
function isWordToComplete({ keepsSingleWords }: NamedContainer, name: string, type: number): boolean {
  return keepsSingleWords && !name.includes(".") && (type === TYPE.A || type === TYPE.AAAA);
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  if (items.length < 2) return items;
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
