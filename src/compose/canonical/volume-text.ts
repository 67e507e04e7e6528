/** The short form of a mount: `[SOURCE:]TARGET[:OPTIONS]`. */
export interface VolumeText {
  readonly type: "bind" | "volume";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly propagation?: string;
  readonly selinux?: string;
  /** Named by a text of one or two letters, which says nothing about volumes. */
  readonly bare: boolean;
}

const PROPAGATIONS = new Set(["rprivate", "private", "rshared", "shared", "rslave", "slave"]);

/** @throws Error in docker-compose's words */
export function splitVolume(spec: string): VolumeText {
  if (spec === "") throw new Error("invalid empty volume spec");
  const nothing = { source: "", readOnly: false, noCopy: false };
  if (spec.length <= 2) return { ...nothing, type: "volume", target: spec, bare: true };
  const fields = splitFields(spec);
  if (fields.includes("")) throw new Error(`invalid spec: ${spec}: empty section between colons`);
  if (fields.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
  const [first = "", second, third = ""] = fields;
  const source = second === undefined ? "" : first;
  return { ...nothing, type: isHostPath(source) ? "bind" : "volume", source, target: second ?? first, bare: false, ...optionsOf(third) };
}

/** Parts at colons that belong neither to a Windows drive nor to a variable. */
function splitFields(spec: string): string[] {
  const fields = [""];
  let braces = 0;
  for (let at = 0; at < spec.length; at++) {
    const letter = spec.charAt(at);
    const field = fields.at(-1) ?? "";
    if (letter === "$" && spec[at + 1] === "{") braces++;
    else if (letter === "}" && braces > 0) braces--;
    const isDrive = letter === ":" && /^\p{L}$/u.test(field);
    if (letter === ":" && braces === 0 && !isDrive) fields.push("");
    else fields[fields.length - 1] = field + letter;
  }
  return fields;
}

function optionsOf(text: string): Partial<VolumeText> {
  const found: { -readonly [key in keyof VolumeText]?: VolumeText[key] } = {};
  for (const option of text === "" ? [] : text.split(",")) {
    if (option === "ro" || option === "rw") found.readOnly = option === "ro";
    else if (option === "nocopy") found.noCopy = true;
    else if (PROPAGATIONS.has(option)) found.propagation = option;
    else if (option === "z" || option === "Z") found.selinux = option;
  }
  return found;
}

const isHostPath = (source: string): boolean => /^(?:[./~]|\\\\|\p{L}:)/u.test(source);
