import "./core.ts";
import type { Client } from "../client/mod.ts";
import type { LoadedConfig } from "./config-file.ts";
import type { Flag, Flags } from "./flags.ts";

/** What one command line came to, handed to the command's `run`. */
export interface Invocation {
  /** The words that named the command, without the program's own: `["container", "ls"]`. */
  readonly path: readonly string[];
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly client: Client;
  readonly host: string;
  readonly config: LoadedConfig;
  /** Name of the context in use. */
  readonly context: string;
  /** The flags before the command's name. */
  readonly global: Flags;
  /** The flags between a group's name and the command's, where the group has any. */
  readonly group?: Flags | undefined;
}

export interface CommandModule {
  /** @returns the exit code */
  run(invocation: Invocation): Promise<number>;
}

/** One command, whatever names lead to it. */
export interface CommandSpec {
  readonly summary: string;
  /** What follows the name in its usage line. */
  readonly usage: string;
  /** Least and most arguments; no most: any number. */
  readonly args: readonly [min: number, max?: number];
  readonly flags: readonly Flag[];
  /** Flags that are loaded only when they are asked for, besides those. */
  readonly loadFlags?: () => Promise<readonly Flag[]>;
  /** Flags may stand after arguments too, unless the arguments are another program's command line. */
  readonly interspersed?: false;
  /** Asks nothing of an engine, and so works when none can be found. */
  readonly local?: true;
  /** What of it the configuration file may say. */
  readonly configured?: {
    readonly format?: "psFormat" | "imagesFormat" | "networksFormat" | "volumesFormat" | "statsFormat" | "pluginsFormat";
    readonly filters?: true;
    readonly proxies?: true;
  };
  readonly load: () => Promise<CommandModule>;
}

export async function flagsOf({ flags, loadFlags }: CommandSpec): Promise<readonly Flag[]> {
  return loadFlags ? [...flags, ...(await loadFlags())] : flags;
}

/** A name in the tree: a command, or a group of further names. */
export interface Entry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary?: string;
  readonly command?: CommandSpec;
  readonly children?: readonly Entry[];
  /** A group's own flags, which stand before the name of its command. */
  readonly options?: readonly Flag[];
  readonly section?: "common" | "management";
  readonly hidden?: boolean;
}

/** Linked to under docker's name, the program speaks of itself as docker. */
export const PROGRAM = `/${process.argv0}`.endsWith("/docker") ? "docker" : "hako";
