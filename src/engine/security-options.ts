import { EngineError } from "../base/mod.ts";

/** What `--security-opt` asks for, parsed. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `default`, `unconfined`, or the text of a profile. */
  readonly seccomp: "default" | "unconfined" | { readonly profile: string };
  readonly apparmor: string | undefined;
  readonly labels: readonly string[];
  /** Nothing is masked or read-only below /proc and /sys. */
  readonly systemPathsUnconfined: boolean;
  readonly writableCgroups: boolean;
}

/** @throws EngineError InvalidParameter, in Docker's words */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const parsed = { noNewPrivileges: false, seccomp: "default" as SecurityOptions["seccomp"], apparmor: undefined as string | undefined, labels: [] as string[], systemPathsUnconfined: false, writableCgroups: false };
  for (const option of options) {
    if (option === "no-new-privileges") {
      parsed.noNewPrivileges = true;
      continue;
    }
    const { key, value } = splitOption(option);
    switch (key) {
      case "no-new-privileges":
      case "writable-cgroups":
        parsed[key === "writable-cgroups" ? "writableCgroups" : "noNewPrivileges"] = parseBoolean(value, option);
        break;
      case "seccomp":
        parsed.seccomp = value === "unconfined" ? "unconfined" : value === "" || value === "builtin" ? "default" : { profile: value };
        break;
      case "apparmor":
        parsed.apparmor = value;
        break;
      case "label":
        parsed.labels.push(value);
        break;
      case "systempaths":
        if (value !== "unconfined") throw invalid(2, option);
        parsed.systemPathsUnconfined = true;
        break;
      default:
        throw invalid(2, option);
    }
  }
  return parsed;
}

function splitOption(option: string): { key: string; value: string } {
  const at = option.includes("=") ? option.indexOf("=") : option.indexOf(":");
  if (at < 0) throw invalid(1, option);
  return { key: option.slice(0, at), value: option.slice(at + 1) };
}

function parseBoolean(value: string, option: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(2, option);
}

function invalid(form: 1 | 2, option: string): EngineError {
  return new EngineError("InvalidParameter", `invalid --security-opt ${form}: ${JSON.stringify(option.slice(0, 128))}`);
}
