import type { FoundPackage } from "./found-package.ts";

/** Longer values are no names or versions. */
const MAX_VALUE_CHARACTERS = 1024;

type Fields = ReadonlyMap<string, string>;

/** dpkg's status: paragraphs of `Field: value`; only what is installed. */
export function debPackages(text: string, foundIn: string): FoundPackage[] {
  return paragraphs(text, ": ").flatMap((fields) => {
    const status = fields.get("Status");
    // The one-package files of images without dpkg have no status.
    if (status !== undefined && !status.endsWith(" installed")) return [];
    return found("deb", fields.get("Package"), fields.get("Version"), { architecture: fields.get("Architecture"), foundIn });
  });
}

/** apk's database: paragraphs of `X:value`. */
export function apkPackages(text: string, foundIn: string): FoundPackage[] {
  return paragraphs(text, ":").flatMap((fields) => found("apk", fields.get("P"), fields.get("V"), { architecture: fields.get("A"), license: fields.get("L"), foundIn }));
}

/** METADATA of a Python distribution: the head of a mail. */
export function pythonPackages(text: string, foundIn: string): FoundPackage[] {
  const [head = ""] = text.split(/\r?\n\r?\n/, 1);
  const [fields] = paragraphs(head, ": ");
  return found("pypi", fields?.get("Name")?.toLowerCase().replace(/[-_.]+/g, "-"), fields?.get("Version"), { license: fields?.get("License-Expression") ?? fields?.get("License"), foundIn });
}

/** package.json of an installed module. */
export function nodePackages(text: string, foundIn: string): FoundPackage[] {
  const { name, version, license } = jsonObject(text);
  return found("npm", name, version, { license, foundIn });
}

/** package-lock.json: its list of what is installed where, of lock files since npm 7. */
export function lockedPackages(text: string, foundIn: string): FoundPackage[] {
  return Object.entries(Object(jsonObject(text)["packages"]) as object).flatMap(([path, value]) => {
    const { name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length), version, license, link } = Object(value) as Record<string, unknown>;
    return path.includes("node_modules/") && link !== true ? found("npm", name, version, { license, foundIn }) : [];
  });
}

/** None where it has no name or version. */
export function found(type: FoundPackage["type"], name: unknown, version: unknown, { architecture = "", license = "", foundIn }: { readonly architecture?: unknown; readonly license?: unknown; readonly foundIn: string }): FoundPackage[] {
  if (!isValue(name) || !isValue(version)) return [];
  return [{ type, name, version, architecture: isValue(architecture) ? architecture : "", license: isValue(license) ? license : "", foundIn }];
}

// eslint-disable-next-line no-control-regex
const isValue = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= MAX_VALUE_CHARACTERS && !/[\u0000-\u001f\u007f]/.test(value);

function jsonObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {}; // no package's record, ignoring: images have files of every kind
  }
}

/** The first line of each field. */
function paragraphs(text: string, separator: string): Fields[] {
  return text.split(/\r?\n\s*\r?\n/).map((paragraph) => new Map(paragraph.split(/\r?\n/).flatMap((line): [string, string][] => {
    const at = line.indexOf(separator);
    return at <= 0 || /^\s/.test(line) ? [] : [[line.slice(0, at), line.slice(at + separator.length).trim()]];
  })));
}
