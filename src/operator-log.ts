export type LogLevel = "debug" | "info" | "warn" | "error";

/** One sentence for whoever runs the engine. */
export type OperatorLog = (sentence: string, level?: LogLevel) => void;

const SEVERITY: Readonly<Record<string, number>> = { trace: 0, debug: 0, info: 1, warn: 2, warning: 2, error: 3, fatal: 4, panic: 4 };

/** One line per sentence on standard error, where service managers look. `least` is asked for each: a reload changes it. */
export function operatorLog({ least, format = "text" }: { readonly least: () => string; readonly format?: string | undefined }): OperatorLog {
  return (sentence, level = "info") => {
    if ((SEVERITY[level] ?? 1) < (SEVERITY[least()] ?? 1)) return;
    const time = new Date().toISOString();
    process.stderr.write(format === "json" ? `${JSON.stringify({ level, msg: sentence, time })}\n` : `${time} ${level === "warn" || level === "error" ? `${level}: ` : ""}${sentence.replace(/\n/g, " ")}\n`);
  };
}
