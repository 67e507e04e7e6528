import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import { ComposeError, type Hook, type Project, type Service } from "../../../compose/mod.ts";
import { ignoreMatcher, parseIgnore, type IgnoreMatcher } from "../../../dockerfile/mod.ts";

export type Action = "sync" | "restart" | "sync+restart" | "sync+exec" | "rebuild";

/** One entry of `develop.watch`, ready to be asked about paths. */
export interface Trigger {
  readonly service: string;
  readonly action: Action;
  /** Absolute. */
  readonly path: string;
  /** Where it goes in the container; "" where nothing is copied. */
  readonly target: string;
  readonly exec: Hook | undefined;
  readonly initialSync: boolean;
  /** Whether a change of this path, absolute, is one to act upon. */
  concerns(path: string): boolean;
  /** Whether something in this folder may be. */
  enters(folder: string): boolean;
}

const ACTIONS: ReadonlySet<string> = new Set(["sync", "restart", "sync+restart", "sync+exec", "rebuild"]);

/** What editors write beside the file that they save, and what git keeps. */
const NEVER = ["**/.git", "**/.*.swp", "**/.*.swo", "**/.*.swx", "**/*~", "**/4913", "**/.#*", "**/#*#", "**/___jb_tmp___", "**/___jb_old___", "**/.idea/**/*___jb_*", "**/.goutputstream-*"];

/** @throws ComposeError where nothing is watched, or a trigger cannot work */
export function triggersOf(project: Project, services: readonly string[]): Trigger[] {
  const wanted = Object.values(project.services).filter(({ name }) => services.length === 0 || services.includes(name));
  const triggers = wanted.flatMap((service) => (service.develop?.watch ?? []).map((_, index) => triggerOf(project, service, index)));
  if (triggers.length === 0) throw new ComposeError("none of the selected services is configured for watch, consider setting a 'develop' section");
  return triggers;
}

function triggerOf(project: Project, service: Service, index: number): Trigger {
  const { path = "", action = "", target = "", exec, ignore = [], include = [], initial_sync = false } = service.develop?.watch?.[index] ?? {};
  const place = `services.${service.name}.develop.watch[${index}]`;
  if (!ACTIONS.has(action)) throw new ComposeError(`unsupported watch action ${JSON.stringify(action)}`, { path: place, fix: [...ACTIONS].join(", ") });
  if (action === "rebuild" && !service.build) throw new ComposeError(`can't watch service ${JSON.stringify(service.name)} with action rebuild without a build context`, { path: place, fix: "give the service a build section" });
  if (action.startsWith("sync") && target === "") throw new ComposeError(`service ${JSON.stringify(service.name)}: a path that is synced needs a target`, { path: place, fix: "say where it goes in the container: target: /app" });
  const root = resolve(project.workingDir, path);
  const never = ignoreMatcher([...NEVER, ...ignore]);
  const included = include.length > 0 ? ignoreMatcher(include) : undefined;
  const context = contextOf(project, service);
  const inContext = context === undefined ? undefined : dockerignoreOf(context);
  const isLeftOut = (absolute: string): boolean => {
    const within = context === undefined ? ".." : relative(context, absolute);
    return never.ignores(relative(root, absolute)) || (!within.startsWith("..") && (inContext?.ignores(within) ?? false));
  };
  return {
    service: service.name,
    action: action as Action,
    path: root,
    target: posix.normalize(target).replace(/(?<=.)\/$/, ""),
    exec,
    initialSync: initial_sync,
    concerns: (absolute) => isWithin(root, absolute) && !isLeftOut(absolute) && (!included || included.ignores(relative(root, absolute) || basename(root))),
    enters: (folder) => isWithin(root, folder) && !isLeftOut(folder),
  };
}

export const isWithin = (root: string, path: string): boolean => path === root || path.startsWith(root === "/" ? root : `${root}/`);

function contextOf(project: Project, { build }: Service): string | undefined {
  const context = build?.context;
  return context === undefined || /^[a-z+]+:\/\/|^git@/.test(context) ? undefined : resolve(project.workingDir, context);
}

function dockerignoreOf(context: string): IgnoreMatcher | undefined {
  const file = join(context, ".dockerignore");
  return existsSync(file) ? parseIgnore(readFileSync(file, "utf8")) : undefined;
}

/** Where a path of a trigger is in the container. */
export const targetOf = ({ path, target }: Trigger, changed: string): string => (changed === path ? target : posix.join(target, relative(path, changed)));

/** The folder whose entries must be watched for the trigger: of a file, the one that holds it, for editors write another and rename it. */
export const folderOf = (path: string, isFolder: boolean): string => (isFolder ? path : dirname(path));
