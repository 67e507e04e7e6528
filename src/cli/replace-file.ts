import { fileSystem } from "./file-system.ts";

/** Whoever reads meanwhile, or after a crash, sees the old text or the new one. */
export function replaceFile(path: string, text: string, mode: number): void {
  const { renameSync, rmSync, writeFileSync } = fileSystem();
  const fresh = `${path}.${process.pid}`;
  try {
    writeFileSync(fresh, text, { mode });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
