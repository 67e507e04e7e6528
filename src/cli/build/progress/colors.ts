export interface StepColors {
  readonly run: string;
  readonly cancel: string;
  readonly error: string;
  readonly warning: string;
}

const NAMES: Readonly<Record<string, number>> = { default: 39, black: 30, blue: 34, cyan: 36, green: 32, magenta: 35, red: 31, white: 37, yellow: 33, "light-black": 90, "light-red": 91, "light-green": 92, "light-yellow": 93, "light-blue": 94, "light-magenta": 95, "light-cyan": 96, "light-white": 97 };
const NONE: StepColors = { run: "", cancel: "", error: "", warning: "" };
const DEFAULT: StepColors = { run: "\x1b[34m", cancel: "\x1b[33m", error: "\x1b[31m", warning: "\x1b[33m" };

/** BUILDKIT_COLORS: `run=green:error=255,0,0:cancel=…:warning=…`; what is not understood stays as it is. @param text undefined: no colours */
export function stepColors(text: string | undefined): StepColors {
  if (text === undefined) return NONE;
  const chosen: Record<keyof StepColors, string> = { ...DEFAULT };
  for (const field of text.split(":")) {
    const [, key = "", value = ""] = /^(run|cancel|error|warning)=(.+)$/.exec(field) ?? [];
    const color = colorOf(value);
    if (color !== undefined) chosen[key as keyof StepColors] = color;
  }
  return chosen;
}

function colorOf(value: string): string | undefined {
  if (Object.hasOwn(NAMES, value.toLowerCase())) return `\x1b[${NAMES[value.toLowerCase()]}m`;
  const parts = /^(\d{1,3}),(\d{1,3}),(\d{1,3})$/.exec(value);
  if (!parts || parts.slice(1).some((part) => Number(part) > 255)) return undefined;
  return `\x1b[38;2;${parts.slice(1).join(";")}m`;
}
