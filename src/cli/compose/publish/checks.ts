import { isRemote, type Project } from "../../../compose/mod.ts";
import { Failure } from "../../failure.ts";
import { askLine } from "../../questions.ts";
import { stdinIsTerminal } from "../../terminal.ts";

export interface PublishAnswers {
  readonly withEnvironment: boolean;
  /** Nothing is asked. */
  readonly sure: boolean;
}

/** What others could not use is refused; of what they should perhaps not see the user is asked. @returns whether to publish @throws Failure in docker-compose's words */
export async function mayPublish(project: Project, { withEnvironment, sure }: PublishAnswers): Promise<boolean> {
  checkUsable(project);
  if (sure) return true;
  if (!(await acceptsBinds(project))) return false;
  if (!withEnvironment) checkNoVariables(project);
  return await acceptsVariables(project);
}

function checkUsable({ services, composeFiles, includes }: Project): void {
  if (includes.some((path) => !isRemote(path))) throw new Failure("cannot publish compose file with local includes");
  if (composeFiles.includes("-")) throw new Failure("standard input cannot be published: name a file");
  const all = Object.values(services);
  const bare = all.filter(({ build, image }) => build && image === undefined);
  if (bare.length > 0) throw new Failure(`your Compose stack cannot be published as it only contains a build section for service(s):\n${bare.map(({ name }) => `- ${JSON.stringify(name)}\n`).join("")}`);
  const nameless = all.find(({ image, provider }) => image === undefined && !provider);
  if (nameless) throw new Failure(`"service.image" attribute is mandatory to push an image for service ${JSON.stringify(nameless.name)}`);
}

function checkNoVariables({ services, configs }: Project): void {
  const all = Object.values(services).flatMap(({ name, env_file = [], environment = {} }) => [
    ...(env_file.length > 0 ? [`service ${JSON.stringify(name)} has env_file declared.`] : []),
    ...(Object.keys(environment).length > 0 ? [`service ${JSON.stringify(name)} has environment variable(s) declared.`] : []),
  ]);
  all.push(...Object.entries(configs).filter(([, { environment }]) => environment !== undefined).map(([key, { name = key }]) => `config ${JSON.stringify(name)} is declare as an environment variable.`));
  if (all.length > 0) throw new Failure(`${all.map((line) => `${line}\n`).join("")}To avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`);
}

async function acceptsBinds({ services }: Project): Promise<boolean> {
  const binds = Object.values(services).flatMap(({ name, volumes = [] }) => {
    const own = volumes.filter(({ type }) => type === "bind");
    return own.length > 0 ? [`${name}${own.map(({ source, target, read_only }) => `${source}:${target}:${read_only ? "ro" : "rw"}\n`).join("")}`] : [];
  });
  if (binds.length === 0) return true;
  return await isAccepted(`you are about to publish bind mounts declaration within your OCI artifact.\nonly the bind mount declarations will be added to the OCI artifact (not content)\nplease double check that you are not mounting potential user's sensitive directories or data\n${binds.join("")}Are you ok to publish these bind mount declarations?`);
}

async function acceptsVariables({ services, configs }: Project): Promise<boolean> {
  const of = (name: string, variables: readonly (readonly [string, string | null])[]): string[] => (variables.length > 0 ? [`Service/Config  ${name}\n${variables.map(([key, value]) => `${key}=${value ?? ""}\n`).join("")}`] : []);
  const found = [
    ...Object.values(services).flatMap(({ name, environment = {} }) => of(name, Object.entries(environment).map(([key, value]) => [key, value === null ? null : String(value)] as const))),
    ...Object.entries(configs).flatMap(([key, { name = key, environment }]) => (environment === undefined ? [] : of(name, [[name, environment]]))),
  ];
  if (found.length === 0) return true;
  return await isAccepted(`you are about to publish environment variables within your OCI artifact.\nplease double check that you are not leaking sensitive data\n${found.join("")}Are you ok to publish these environment variables?`);
}

async function isAccepted(question: string): Promise<boolean> {
  const answer = (await askLine(question)).trim();
  if (answer === "" && !stdinIsTerminal()) throw new Failure("nobody is there to be asked: say --yes to publish it");
  return /^(?:y|yes|true|1|t|on)$/i.test(answer);
}
