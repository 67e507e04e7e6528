import { err } from "../output.ts";
import { stdinIsTerminal, stdoutIsTerminal } from "../terminal.ts";

export interface MenuActions {
  interrupt(): void;
  /** Leaves the containers running. */
  detach(): void;
  /** Turns watching on and off. @returns whether it is on now; undefined where there is nothing to watch */
  toggleWatch(): boolean | undefined;
}

const CTRL_C = "\x03";

/** Whether keys are offered: `--menu`, or COMPOSE_MENU, with a terminal on both sides. */
export function wantsMenu(flag: boolean | undefined): boolean {
  const wanted = flag ?? /^(1|t|true)$/i.test(process.env["COMPOSE_MENU"] ?? "");
  return wanted && stdinIsTerminal() && stdoutIsTerminal();
}

/** Offers keys while output is shown, until it is disposed of. */
export function openMenu(actions: MenuActions): Disposable {
  const say = (text: string): void => err(`${text}\n`);
  const keys: Readonly<Record<string, () => void>> = {
    [CTRL_C]: () => actions.interrupt(),
    d: () => actions.detach(),
    w: () => {
      const on = actions.toggleWatch();
      say(on === undefined ? "No service says what to watch: add a 'develop' section with 'watch'" : `w ${on ? "Disable" : "Enable"} Watch   d Detach`);
    },
    v: () => say("There is no Docker Desktop here to view this in"),
    o: () => say("There is no Docker Desktop here to view this in: `docker compose config` shows the configuration"),
  };
  const take = (chunk: Uint8Array): void => {
    for (const key of Buffer.from(chunk).toString("latin1")) keys[key]?.();
  };
  process.stdin.setRawMode(true);
  process.stdin.on("data", take);
  say("w Enable Watch   d Detach");
  return {
    [Symbol.dispose]: () => {
      process.stdin.off("data", take);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    },
  };
}
