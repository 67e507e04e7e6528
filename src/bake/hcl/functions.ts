import { randomUUID } from "node:crypto";
import type { At, Expression } from "./ast.ts";
import type { HclFunction } from "./evaluate.ts";
import { DefinitionError } from "./scanner.ts";
import { cidrFunctions } from "./cidr-functions.ts";
import { collectionFunctions } from "./collection-functions.ts";
import { converted } from "./convert.ts";
import { encodingFunctions } from "./encoding-functions.ts";
import { textFunctions } from "./text-functions.ts";
import { asJson, booleanOf, digestText, equal, numberOf, textOf, type Value } from "./value.ts";

const number = (calculate: (...numbers: number[]) => number): HclFunction => (args, at) => calculate(...args.map((arg) => numberOf(arg, at)));
const compare = (holds: (a: number, b: number) => boolean): HclFunction => (args, at) => holds(numberOf(args[0] ?? null, at), numberOf(args[1] ?? null, at));
const hash = (algorithm: Parameters<typeof digestText>[0]): HclFunction => (args, at) => digestText(algorithm, textOf(args[0] ?? null, at));

/** Go's standard library of HCL functions as bake offers it; the names are its own. */
export const FUNCTIONS: Readonly<Record<string, HclFunction>> = {
  ...textFunctions,
  ...collectionFunctions,
  ...cidrFunctions,
  ...encodingFunctions,
  absolute: number(Math.abs),
  add: number((a = 0, b = 0) => a + b),
  and: (args, at) => booleanOf(args[0] ?? null, at) && booleanOf(args[1] ?? null, at),
  base64decode: (args, at) => Buffer.from(textOf(args[0] ?? null, at), "base64").toString(),
  base64encode: (args, at) => Buffer.from(textOf(args[0] ?? null, at)).toString("base64"),
  ceil: number(Math.ceil),
  divide: number((a = 0, b = 0) => a / b),
  equal: (args) => equal(args[0] ?? null, args[1] ?? null),
  floor: number(Math.floor),
  greaterthan: compare((a, b) => a > b),
  greaterthanorequalto: compare((a, b) => a >= b),
  int: number(Math.trunc),
  jsondecode: (args, at) => fromJson(textOf(args[0] ?? null, at), at),
  jsonencode: (args) => asJson(args[0] ?? null),
  lessthan: compare((a, b) => a < b),
  lessthanorequalto: compare((a, b) => a <= b),
  log: number((value = 0, base = Math.E) => Math.log(value) / Math.log(base)),
  max: number(Math.max),
  md5: hash("md5"),
  min: number(Math.min),
  modulo: number((a = 0, b = 1) => a % b),
  multiply: number((a = 0, b = 0) => a * b),
  negate: number((a = 0) => -a),
  not: (args, at) => !booleanOf(args[0] ?? null, at),
  notequal: (args) => !equal(args[0] ?? null, args[1] ?? null),
  or: (args, at) => booleanOf(args[0] ?? null, at) || booleanOf(args[1] ?? null, at),
  parseint: (args, at) => parsed(textOf(args[0] ?? null, at), numberOf(args[1] ?? 10, at), at),
  pow: number((a = 0, b = 1) => a ** b),
  range: (args, at) => range(args.map((arg) => numberOf(arg, at)), at),
  sha1: hash("sha1"),
  sha256: hash("sha256"),
  sha512: hash("sha512"),
  signum: number(Math.sign),
  subtract: number((a = 0, b = 0) => a - b),
  timestamp: () => new Date().toISOString().replace(/\.\d+/, ""),
  uuidv4: () => randomUUID(),
};

/** `try` and `can` look at an argument that may fail, `convert` at one that is a type; `and` and `or` of HCL's operators do so themselves. */
export const LAZY_FUNCTIONS: Readonly<Record<string, (args: readonly Expression[], evaluate: (expression: Expression) => Value, at: At) => Value>> = {
  try: (args, evaluate, at) => {
    for (const arg of args) {
      try {
        return evaluate(arg);
      } catch (error) {
        if (!(error instanceof DefinitionError)) throw error;
      }
    }
    throw new DefinitionError(at, "try: no argument could be evaluated");
  },
  convert: ([value, type], evaluate, at) => {
    if (!value || !type) throw new DefinitionError(at, "convert: a value and a type are wanted");
    return converted(evaluate(value), type);
  },
  can: (args, evaluate, at) => {
    const [only] = args;
    if (!only) throw new DefinitionError(at, "can: an argument is missing");
    try {
      evaluate(only);
      return true;
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      return false;
    }
  },
};

const MAX_RANGE = 1024;

function range(numbers: readonly number[], at: At): Value {
  const [start = 0, end = 0, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  if (step === 0) throw new DefinitionError(at, "range: the step must not be 0");
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (count > MAX_RANGE) throw new DefinitionError(at, `range: more than ${MAX_RANGE} values`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function parsed(text: string, base: number, at: At): number {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, base);
  if (!new RegExp(`^-?[${digits}]+$`, "i").test(text)) throw new DefinitionError(at, `parseint: "${text}" is no number of base ${base}`);
  return parseInt(text, base);
}

function fromJson(text: string, at: At): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw new DefinitionError(at, `jsondecode: ${(error as SyntaxError).message}`);
  }
}
