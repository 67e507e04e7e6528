import { registryLogin } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { CredentialStore, type Credentials } from "../credentials/credentials.ts";
import { INDEX_SERVER, registryKey } from "../credentials/registry-key.ts";
import { Failure } from "../failure.ts";
import { askHidden, askLine, readInput } from "../questions.ts";
import { err, out } from "../output.ts";
import { stdinIsTerminal } from "../terminal.ts";

interface Given {
  readonly username: string;
  readonly password: string;
}

export async function run({ flags, args, client, config }: Invocation): Promise<number> {
  const server = registryKey(args[0] ?? "");
  const store = new CredentialStore(config);
  store.adoptDefaultHelper();
  const given = await givenCredentials(flags.string("username") ?? "", flags.string("password") ?? "", flags.bool("password-stdin"));
  const kept = given.username === "" && given.password === "" ? await store.get(server).catch(() => undefined) : undefined;
  let failure: unknown;
  if (kept) {
    tellOfKept(kept);
    try {
      return await logIn(kept);
    } catch (error) {
      failure = error;
      err(isUnauthorized(error) && kept.identityToken ? "Stored credentials invalid or expired\n" : `Login did not succeed, error: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  if (failure !== undefined && !stdinIsTerminal()) throw new Failure("Error: Cannot perform an interactive login from a non TTY device");
  return logIn({ ...(await complete(given, server, kept?.username ?? "")), identityToken: "" });

  async function logIn(credentials: Credentials): Promise<number> {
    const { username, password, identityToken } = credentials;
    const answer = await registryLogin(client, { username, password, identitytoken: identityToken, serveraddress: server });
    // A token is kept in place of the password that it was given for.
    const proven = answer.IdentityToken ? { username, password: "", identityToken: answer.IdentityToken } : credentials;
    if (store.keepsPlain(server) && credentials !== kept) tellOfPlain(`${config.folder}/config.json`);
    try {
      await store.store(server, proven);
    } catch (error) {
      if (error instanceof Failure) throw new Failure(`Error saving credentials: ${error.message}`);
      throw error;
    }
    out(`${answer.Status}\n`);
    return 0;
  }
}

/** @throws Failure for flags that contradict each other, as docker does */
async function givenCredentials(username: string, password: string, fromInput: boolean): Promise<Given> {
  if (password !== "") {
    if (fromInput) throw new Failure("conflicting options: cannot specify both --password and --password-stdin");
    err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  }
  if (!fromInput) return { username, password };
  if (username === "") throw new Failure("the --password-stdin option requires --username to be set");
  return { username, password: (await readInput()).replace(/\n$/, "").replace(/\r$/, "") };
}

/** Asks for what is missing. */
async function complete({ username, password }: Given, server: string, lastUsername: string): Promise<Given> {
  if (username !== "" && password !== "") return { username, password };
  if (!stdinIsTerminal()) throw new Failure("Error: Cannot perform an interactive login from a non TTY device");
  if (username === "" && server === INDEX_SERVER) out(`\n${HUB}\n`);
  const name = username || (await askLine(lastUsername === "" ? "Username: " : `Username (${lastUsername}): `)).trim() || lastUsername;
  if (name === "") throw new Failure("Error: Non-null Username Required");
  const secret = password || (await askHidden("Password: "));
  if (secret === "") throw new Failure("Error: Password Required");
  return { username: name, password: secret };
}

const HUB = `Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one.
You can log in with your password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security and is required for organizations using SSO. Learn more at https://docs.docker.com/go/access-tokens/
`;

function tellOfKept({ username }: Credentials): void {
  err(`Authenticating with existing credentials...${username === "" ? "" : ` [Username: ${username}]`}\n\n Info -> To login with a different account, run 'docker logout' followed by 'docker login'\n\n\n`);
}

function tellOfPlain(path: string): void {
  err(`\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`);
}

const isUnauthorized = (error: unknown): boolean => error instanceof Error && "status" in error && error.status === 401;
