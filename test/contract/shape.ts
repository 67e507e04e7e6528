/** The shape of a JSON value: every path in it with its type, for comparing answers whose values differ. */
export type ShapeOf = Record<string, string>;

/** Maps whose keys are data. */
const DATA_KEYS = /\.(?:Labels|Attributes|Data|Runtimes|IndexConfigs|ExposedPorts|Volumes|Options|Details)$/;

export function shapeOf(value: unknown, path = "", into: ShapeOf = {}): ShapeOf {
  if (Array.isArray(value)) {
    into[path] = "array";
    if (value.length > 0) shapeOf(value[0], `${path}[]`, into);
  } else if (typeof value === "object" && value !== null) {
    into[path] = "object";
    if (!DATA_KEYS.test(path)) for (const [key, each] of Object.entries(value)) shapeOf(each, `${path}.${key}`, into);
  } else into[path] = value === null ? "null" : typeof value;
  return into;
}

/** What `actual` lacks of `expected` or has in another type; null stands for any list, map or object. */
export function differences(expected: ShapeOf, actual: ShapeOf): string[] {
  return Object.entries(expected).flatMap(([path, type]) => {
    const found = actual[path];
    if (found === type || (found !== undefined && (found === "null" || type === "null"))) return [];
    // Below a list or an object that is empty or null there is nothing to compare.
    const above = Object.keys(actual).some((other) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`)) && parentIsEmpty(path, actual);
    return above ? [] : [`${path}: ${type} expected, ${found ?? "nothing"} found`];
  });
}

function parentIsEmpty(path: string, actual: ShapeOf): boolean {
  for (let cut = path.length - 1; cut > 0; cut--) {
    if (path[cut] !== "." && path[cut] !== "[") continue;
    const parent = path.slice(0, cut);
    const type = actual[parent];
    if (type === undefined) continue;
    return type === "null" || (type === "array" && actual[`${parent}[]`] === undefined);
  }
  return false;
}
