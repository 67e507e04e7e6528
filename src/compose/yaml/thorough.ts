import { isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments, Scalar, type Alias, type Document, type Node as YamlNode, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { ComposeError } from "../errors.ts";
import { isMapping, mapping, scalar, sequence, type MappingNode, type Node, type OverrideTag, type Place, type Source } from "../tree/node.ts";
import { resolvePlain } from "./scalars.ts";

/** Nodes a file may come to when every alias is written out. */
const MAX_NODES = 250_000;
const MAX_DEPTH = 100;

/** The documents of a YAML text, by the library, which reads everything. @throws ComposeError for text that is no YAML or goes beyond the limits */
export function readThoroughly(source: Source): Node[] {
  const documents = parse(source);
  return documents.map((document) => new Reader(source, document).root()).filter((node) => node !== undefined);
}

function parse(source: Source): readonly Document.Parsed[] {
  try {
    const documents = parseAllDocuments(source.text, { schema: "failsafe", uniqueKeys: false, logLevel: "silent", prettyErrors: false, customTags: [] });
    const list = Array.isArray(documents) ? documents : [];
    for (const { errors } of list) {
      const [first] = errors;
      if (first) throw syntaxError(source, first.message, first.pos[0]);
    }
    return list;
  } catch (error) {
    if (error instanceof RangeError) throw new ComposeError(`failed to parse ${source.file}: it is nested too deeply`);
    throw error;
  }
}

function syntaxError(source: Source, message: string, offset: number): ComposeError {
  const line = source.text.slice(0, offset).split("\n").length;
  return new ComposeError(`failed to parse ${source.file}: yaml: line ${line}: ${message}`, { at: { source, offset } });
}

interface Anchored {
  readonly node: Node;
  readonly size: number;
}

/** Turns the library's tree into ours: scalars get their values, aliases and merge keys are written out. */
class Reader {
  readonly #anchors = new Map<string, Anchored | "open">();
  #size = 0;
  /** Of the mapping that is being read, for messages. */
  readonly #path: string[] = [];

  constructor(
    readonly source: Source,
    readonly document: Document.Parsed,
  ) {}

  root(): Node | undefined {
    const contents = this.document.contents;
    return contents === null ? undefined : this.#convert(contents, this.#placeOf(contents), 0);
  }

  #convert(node: YamlNode | null, at: Place | undefined, depth: number): Node {
    if (depth > MAX_DEPTH) throw this.#error("it is nested too deeply", at);
    if (node === null) return scalar(null, at);
    if (isAlias(node)) return this.#alias(node, at);
    const anchor = "anchor" in node && typeof node.anchor === "string" ? node.anchor : undefined;
    const sizeBefore = this.#size;
    this.#grow(1, at);
    if (anchor) this.#anchors.set(anchor, "open");
    const converted = { ...this.#plain(node, at, depth), ...tagOf(node) };
    if (anchor) this.#anchors.set(anchor, { node: converted, size: this.#size - sizeBefore });
    return converted;
  }

  #plain(node: YamlNode, at: Place | undefined, depth: number): Node {
    if (isMap(node)) return this.#mapping(node, at, depth);
    if (isSeq(node)) return sequence((node as YAMLSeq<YamlNode | null>).items.map((item) => this.#convert(item, this.#placeOf(item) ?? at, depth + 1)), at);
    return isScalar(node) ? this.#scalar(node, at) : scalar(null, at);
  }

  #scalar(node: Scalar, at: Place | undefined): Node {
    const text = typeof node.value === "string" ? node.value : String(node.value ?? "");
    const quoted = node.type !== Scalar.PLAIN || node.tag === "tag:yaml.org,2002:str" || node.tag === "!";
    return quoted ? scalar(text, at) : { ...scalar(null, at), ...resolvePlain(text) };
  }

  #mapping(node: YAMLMap, at: Place | undefined, depth: number): MappingNode {
    const entries = new Map<string, Node>();
    const merged: Node[] = [];
    for (const pair of node.items) {
      const key = this.#key(pair);
      const keyAt = this.#placeOf(pair.key) ?? at;
      if (entries.has(key)) throw this.#duplicate(key, keyAt, entries.get(key)?.at);
      this.#path.push(key);
      const value = this.#convert(pair.value as YamlNode | null, keyAt, depth + 1);
      this.#path.pop();
      if (key === "<<" && isScalar(pair.key) && pair.key.type === Scalar.PLAIN) merged.push(...this.#mergeSources(value, keyAt));
      else entries.set(key, value);
    }
    for (const from of merged) for (const [key, value] of isMapping(from) ? from.entries : []) if (!entries.has(key)) entries.set(key, value);
    return mapping(entries, at);
  }

  #mergeSources(value: Node, at: Place | undefined): readonly Node[] {
    const list = value.kind === "sequence" ? value.items : [value];
    if (list.some((item) => item.kind !== "mapping")) throw this.#error("map merge requires map or sequence of maps as the value", at);
    return list;
  }

  #key(pair: Pair): string {
    const { key } = pair;
    if (!isPair(pair) || !isScalar(key)) throw this.#error("a mapping's key must be a string", this.#placeOf(key));
    const text = typeof key.value === "string" ? key.value : String(key.value ?? "");
    if (key.type !== Scalar.PLAIN) return text;
    const { value, form } = resolvePlain(text);
    if (typeof value !== "string" || form === "date") throw new ComposeError(`non-string key ${this.#path.length === 0 ? "at top level" : `in ${this.#path.join(".")}`}: ${text}`, { at: this.#placeOf(key), fix: "put the key in quotes" });
    return value;
  }

  #alias(node: Alias, at: Place | undefined): Node {
    const anchored = this.#anchors.get(node.source);
    if (anchored === undefined) throw this.#error(`unknown anchor '${node.source}' referenced`, this.#placeOf(node));
    if (anchored === "open") throw this.#error(`anchor '${node.source}' value contains itself`, this.#placeOf(node));
    this.#grow(anchored.size, at);
    return { ...anchored.node, at };
  }

  #grow(count: number, at: Place | undefined): void {
    this.#size += count;
    if (this.#size > MAX_NODES) throw this.#error("document contains excessive aliasing", at);
  }

  #placeOf(node: unknown): Place | undefined {
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    const offset: unknown = Array.isArray(range) ? range[0] : undefined;
    return typeof offset === "number" ? { source: this.source, offset } : undefined;
  }

  #error(message: string, at: Place | undefined): ComposeError {
    return at ? syntaxError(this.source, message, at.offset) : new ComposeError(`failed to parse ${this.source.file}: yaml: ${message}`);
  }

  #duplicate(key: string, at: Place | undefined, first: Place | undefined): ComposeError {
    const line = first ? this.source.text.slice(0, first.offset).split("\n").length : 0;
    const second = at ? this.source.text.slice(0, at.offset).split("\n").length : 0;
    return new ComposeError(`failed to parse ${this.source.file}: line ${second}: mapping key ${JSON.stringify(key)} already defined at line ${line}`, { at, fix: "leave one of them out" });
  }
}

function tagOf(node: YamlNode): { tag?: OverrideTag } {
  const tag = "tag" in node ? node.tag : undefined;
  if (tag === "!reset") return { tag: "reset" };
  return tag === "!override" ? { tag: "override" } : {};
}
