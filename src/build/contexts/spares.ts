import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readIndex, spareIndex, spareName, spareTree } from "../../layer-files/mod.ts";
import type { MakeTwin } from "../client.ts";

/** Of one copy of a client's folder; the one that was made first goes. */
const MAX_SPARES = 4;
const BEING_MADE = "spare-";

/** A spare that is to be made once nobody waits for the build. */
interface Planned {
  readonly folder: string;
  /** What it is made of: the folder that a copy came to. */
  readonly from: string;
  /** Where it is made: nobody takes it there. */
  readonly place: string;
  readonly makeTwin: MakeTwin;
}

/** The spares of one copy of a client's folder: <key>/spares/<name>, and <key>/spare-<uuid> while one is made. */
export class Spares {
  readonly #copy: string;
  readonly #planned: Planned[] = [];

  constructor(copy: string) {
    this.#copy = copy;
  }

  static folderOf(copy: string): string {
    return join(copy, "spares");
  }

  /** Without a spare the next copy takes longer, and that is all: nothing fails. @param index of the list that `from` was made by; it is this one only until the next change */
  plan(folder: string, from: string, index: string, makeTwin: MakeTwin): void {
    if (this.#planned.some((other) => other.folder === folder)) return;
    const place = join(this.#copy, `${BEING_MADE}${crypto.randomUUID()}`);
    try {
      mkdirSync(spareTree(place), { recursive: true, mode: 0o700 });
      linkSync(index, spareIndex(place));
    } catch {
      return rmSync(place, { recursive: true, force: true });
    }
    this.#planned.push({ folder, from, place, makeTwin });
  }

  /** Makes what is planned. */
  async make(): Promise<void> {
    for (const { folder, from, place, makeTwin } of this.#planned.splice(0)) {
      try {
        await makeTwin(from, spareTree(place));
        this.#put(place, spareName(folder));
      } catch {
        await rm(place, { recursive: true, force: true }).catch(() => undefined);
      }
    }
  }

  #put(place: string, name: string): void {
    const spares = Spares.folderOf(this.#copy);
    mkdirSync(spares, { recursive: true, mode: 0o700 });
    const others = readdirSync(spares).filter((other) => other !== name).sort((one, other) => madeMs(spares, one) - madeMs(spares, other));
    for (const old of [name, ...others.slice(0, Math.max(0, others.length + 1 - MAX_SPARES))]) this.#remove(join(spares, old));
    renameSync(place, join(spares, name));
  }

  /** Away at once; what cannot be removed now is found at the next start. */
  #remove(spare: string): void {
    if (!existsSync(spare)) return;
    const away = join(this.#copy, `${BEING_MADE}${crypto.randomUUID()}`);
    renameSync(spare, away);
    void rm(away, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** What the copy's folder has of spares that nobody can take any more. */
export function uselessSpares(copy: string): string[] {
  const spares = Spares.folderOf(copy);
  const kept = existsSync(spares) ? readdirSync(spares).map((name) => join(spares, name)) : [];
  return [...readdirSync(copy).filter((name) => name.startsWith(BEING_MADE)).map((name) => join(copy, name)), ...kept.filter((spare) => !readIndex(spareIndex(spare)))];
}

const madeMs = (spares: string, name: string): number => statSync(join(spares, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
