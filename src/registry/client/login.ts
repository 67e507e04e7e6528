import { parseChallenges } from "./challenge.ts";
import { firstReachable, ownEndpoints } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import { quoted, type Session, type Transfer } from "./transfer.ts";
import type { LoginResult, RegistryAuth } from "./types.ts";

const SUCCEEDED = "Login Succeeded";

/** @throws RegistryError Unauthorized, in Docker's words */
export async function login(transfer: Transfer, serverAddress: string, auth: RegistryAuth, signal: AbortSignal | undefined): Promise<LoginResult> {
  return firstReachable(await ownEndpoints(registryOf(serverAddress), transfer.options), async (endpoint) => {
    const session = await transfer.greet(endpoint, signal);
    const bearer = session.challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer && (auth.username || auth.identityToken)) return byToken(transfer, session, auth, signal);
    return byPassword(transfer, session, auth, signal);
  }, signal);
}

/** Docker Hub's names are many. */
function registryOf(serverAddress: string): string {
  const host = serverAddress.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return ["", "docker.io", "index.docker.io", "registry-1.docker.io"].includes(host) ? "docker.io" : host;
}

const greetingUrl = ({ endpoint }: Session): URL => new URL(`${endpoint.base.href.replace(/\/$/, "")}/v2/`);

async function byPassword(transfer: Transfer, session: Session, auth: RegistryAuth, signal: AbortSignal | undefined): Promise<LoginResult> {
  const url = greetingUrl(session);
  const response = await transfer.request(session, { method: "GET", url, access: { auth, scopes: [] }, ...(signal && { signal }) }, "any");
  await response.discard();
  const { status, reason } = response;
  if (status === 200) return { identityToken: "", status: SUCCEEDED };
  throw new RegistryError(status === 401 ? "Unauthorized" : "System", `login attempt to ${url.href} failed with status: ${status} ${reason}`, { status });
}

async function byToken(transfer: Transfer, session: Session, auth: RegistryAuth, signal: AbortSignal | undefined): Promise<LoginResult> {
  const url = greetingUrl(session);
  const [bearer] = session.challenges.filter(({ scheme }) => scheme === "bearer");
  if (!bearer) throw new RegistryError("System", `Get ${quoted(url)}: the registry offers no tokens`);
  const token = await transfer.loginToken(session, bearer, auth).catch((error: unknown) => {
    throw error instanceof RegistryError ? new RegistryError(error.kind, `Get ${quoted(url)}: ${error.message}`, error.details, { cause: error }) : error;
  });
  const response = await transfer.request(session, { method: "GET", url, access: { auth: { registryToken: token.token }, scopes: [] }, ...(signal && { signal }) }, "any");
  await response.discard();
  const { status, reason, headers } = response;
  if (status === 200) return { identityToken: token.refreshToken, status: SUCCEEDED };
  const refused = parseChallenges(headers.get("www-authenticate") ?? "").length > 0 || status === 401;
  throw new RegistryError(refused ? "Unauthorized" : "System", `login attempt to ${url.href} failed with status: ${status} ${reason}`, { status });
}
