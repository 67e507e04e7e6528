import { Template, TemplateError, type Lookup } from "../template/mod.ts";
import { commandText, type LoggedContainer } from "./container.ts";
import { refuse, type LogOptions } from "./option-values.ts";

const DEFAULT_TAG = "{{.ID}}";
const DAEMON_NAME = "docker";

/** The `tag` option, a Go template over Docker's logger.Info. @throws EngineError InvalidParameter, in Docker's words */
export function logTag(container: LoggedContainer, options: LogOptions, standard = DEFAULT_TAG): string {
  const source = options["tag"] || standard;
  if (source === "") return "";
  try {
    return new Template(source).run(fieldsOf(container, options), { lookup });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw refuse(worded(error.message));
  }
}

function worded(message: string): string {
  const place = /^template: :(\d+:\d+): (.*)$/s.exec(message);
  if (!place) return `template: log-tag:1: ${message}`;
  const [, where = "", what = ""] = place;
  const field = /at <(\.[^>]*)>/.exec(what);
  return `template: log-tag:${where}: ${what.startsWith("executing") ? what.replace('executing ""', 'executing "log-tag"') : `executing "log-tag" at <${field?.[1] ?? "."}>: ${what}`}`;
}

function fieldsOf(container: LoggedContainer, options: LogOptions): Record<string, unknown> {
  return {
    ID: container.id.slice(0, 12), FullID: container.id, Name: container.name, ImageID: container.imageID.slice(0, 12), ImageFullID: container.imageID, ImageName: container.imageName,
    Command: commandText(container), Hostname: container.hostname, DaemonName: DAEMON_NAME, Config: options,
    ContainerID: container.id, ContainerName: `/${container.name}`, ContainerImageID: container.imageID, ContainerImageName: container.imageName,
    ContainerEntrypoint: container.command[0] ?? "", ContainerArgs: container.command.slice(1), ContainerEnv: container.env, ContainerLabels: container.labels, ContainerCreated: container.createdAt,
  };
}

const lookup: Lookup = (value, name) => {
  if (typeof value === "object" && value !== null && Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  throw new TemplateError(`can't evaluate field ${name} in type *logger.Info`);
};
