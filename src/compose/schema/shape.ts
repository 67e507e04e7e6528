/** What may be written at a place: our own form of the specification's schema. */
export type Shape = ScalarShape | ListShape | MapShape | ChoiceShape;

export type ScalarType = "string" | "number" | "integer" | "boolean" | "null";

export interface ScalarShape {
  readonly kind: "scalar";
  readonly types: readonly ScalarType[];
  readonly oneOf?: readonly string[];
  readonly pattern?: string;
  readonly least?: number;
  readonly most?: number;
}

export interface ListShape {
  readonly kind: "list";
  readonly item: Shape;
  /** No item may stand twice. */
  readonly unique: boolean;
}

export interface MapShape {
  readonly kind: "map";
  readonly keys: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  /** What keys of the user's own choice look like, and what stands under them. */
  readonly named?: { readonly pattern: RegExp; readonly shape: Shape };
  /** Keys that start with `x-` are welcome. */
  readonly extensible: boolean;
  /** Any other key is too. */
  readonly open: boolean;
  readonly nullable: boolean;
  /** Scalars that may stand in the mapping's place. */
  readonly orScalar: readonly ScalarType[];
}

export interface ChoiceShape {
  readonly kind: "choice";
  readonly of: readonly Shape[];
}

/** `scalar("string number")` */
export const scalar = (types: string, limits: Omit<ScalarShape, "kind" | "types"> = {}): ScalarShape => ({ kind: "scalar", types: types.split(" ") as ScalarType[], ...limits });
export const oneOf = (...words: readonly string[]): ScalarShape => scalar("string", { oneOf: words });
export const list = (item: Shape): ListShape => ({ kind: "list", item, unique: false });
export const set = (item: Shape): ListShape => ({ kind: "list", item, unique: true });
export const choice = (...of: readonly Shape[]): ChoiceShape => ({ kind: "choice", of });

const PLAIN_MAP = { kind: "map", required: [], extensible: false, open: false, nullable: false, orScalar: [] } as const;

/** A mapping with known keys, and extensions. */
export const map = (keys: Readonly<Record<string, Shape>>, options: Partial<MapShape> = {}): MapShape => ({ ...PLAIN_MAP, extensible: true, keys, ...options });
/** A mapping from names of the user's choice. */
export const named = (pattern: RegExp, shape: Shape, options: Partial<MapShape> = {}): MapShape => ({ ...PLAIN_MAP, keys: {}, named: { pattern, shape }, ...options });

export const string = scalar("string");
export const boolean = scalar("boolean");
export const flag = scalar("boolean string");
export const integer = scalar("integer string");
export const number = scalar("number string");
export const NAME = /^[a-zA-Z0-9._-]+$/;
export const strings = set(string);
export const stringOrStrings = choice(string, strings);
export const pairs = choice(named(/./, scalar("string number boolean null")), strings);
export const options = named(/./, scalar("string number"), { open: true });
