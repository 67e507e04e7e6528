/** Sizes and durations as compose files write them. Messages are Go's, which users know. */

const POWERS = "bkmgtp";

/** `512m`, `1.5gb`, `1048576`: bytes in powers of 1024. @throws Error */
export function parseSize(text: string): number {
  const match = /^([-+]?[0-9. ]*?)\s*([a-z]*)$/i.exec(text);
  const digits = (match?.[1] ?? "").trim();
  const amount = digits === "" ? Number.NaN : Number(digits);
  if (!match || !Number.isFinite(amount) || amount < 0) throw new Error(`invalid size: '${text}'`);
  const unit = /^(?:([kmgtp])?(?:i?b)?)$/.exec((match[2] ?? "").toLowerCase());
  if (!unit || (match[2] ?? "").toLowerCase() === "ib") throw new Error(`invalid suffix: '${(match[2] ?? "").toLowerCase()}'`);
  return Math.trunc(amount * 1024 ** Math.max(0, POWERS.indexOf(unit[1] ?? "b")));
}

const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9, w: 604_800e9 };

/** `1h30m`, `1.5s`, `2d`. @returns nanoseconds @throws Error */
export function parseDuration(text: string): number {
  const body = /^([-+]?)(.+)$/s.exec(text);
  const rest = body?.[2] ?? "";
  if (rest === "0") return 0;
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)([^\d.\s]+)/g)];
  if (rest === "" || parts.map((part) => part[0]).join("") !== rest) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  let total = 0;
  for (const [, amount, unit = ""] of parts) {
    const scale = NANOSECONDS[unit];
    if (scale === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total += Number(amount) * scale;
  }
  return Math.round(body?.[1] === "-" ? -total : total);
}

/** As Go prints a duration: `1m30s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const sign = nanoseconds < 0 ? "-" : "";
  const size = Math.abs(nanoseconds);
  if (size < 1e9) {
    const [unit, scale] = size < 1e3 ? ["ns", 1] : size < 1e6 ? ["µs", 1e3] : ["ms", 1e6];
    return `${sign}${size / Number(scale)}${unit}`;
  }
  const hours = Math.floor(size / 3600e9);
  const minutes = Math.floor((size % 3600e9) / 60e9);
  const rest = Math.round(size % 60e9);
  const fraction = String(rest % 1e9).padStart(9, "0").replace(/0+$/, "");
  const seconds = `${Math.floor(rest / 1e9)}${fraction === "" ? "" : `.${fraction}`}s`;
  return `${sign}${hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ""}${seconds}`;
}
