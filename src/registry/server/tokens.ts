/** /token (distribution's "Token Authentication Specification" and "OAuth2 Token Authentication"). */
import type { Caller } from "./auth/access.ts";
import type { Granted } from "./auth/issue.ts";
import { readWhole } from "./body.ts";
import type { Call } from "./call.ts";
import { parseName } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { Action } from "./routes.ts";

const MAX_SCOPES = 64;
const MAX_FORM_BYTES = 64 * 1024;
const ACTIONS: readonly Action[] = ["pull", "push", "delete"];

/** GET: the scopes in the query; who asks is told by a password, or by nothing. */
export async function getToken(call: Call): Promise<Response> {
  // A token that brought another one would never end.
  if (call.caller.token) throw new Refusal("UNAUTHORIZED", "authentication required: a token is given for a password, not for a token");
  return answer(call, call.caller, call.query.getAll("scope"));
}

/** POST: all of it in a form. There are no refresh tokens: a password is never further away than here. */
export async function postToken(call: Call): Promise<Response> {
  const form = new URLSearchParams(Buffer.from(await readWhole(call, MAX_FORM_BYTES, () => new Refusal("SIZE_INVALID", "the form is too large", { status: 413 }))).toString("utf8"));
  if (form.get("grant_type") !== "password") return Response.json({ error: "unsupported_grant_type", error_description: "only grant_type=password is known here" }, { status: 400 });
  return answer(call, await call.byPassword(form.get("username") ?? "", form.get("password") ?? ""), form.getAll("scope"));
}

/** What is asked for, as far as it is allowed: a token for less is an answer too. */
function answer(call: Call, caller: Caller, scopes: readonly string[]): Response {
  const { issuer } = call;
  if (!issuer) throw new Refusal("UNSUPPORTED", "there is nothing at this path", { status: 404 });
  const wanted = scopes.flatMap((text) => text.split(" ")).filter((text) => text !== "");
  if (wanted.length > MAX_SCOPES) throw new Refusal("DENIED", `more than ${MAX_SCOPES} scopes`, { status: 400 });
  const { token, expiresInSeconds, issuedAt } = issuer.issue(caller.user ?? "", wanted.flatMap((scope) => granted(call, caller, scope)));
  return Response.json({ token, access_token: token, expires_in: expiresInSeconds, issued_at: issuedAt.toISOString(), scope: wanted.join(" ") }, { headers: { "Cache-Control": "no-store" } });
}

/** `repository:team/app:pull,push` or `registry:catalog:*`. */
function granted(call: Call, caller: Caller, scope: string): Granted[] {
  const [, type = "", name = "", actions = ""] = /^([a-z]+)(?:\([a-z0-9]+\))?:(.+):([a-z,*]+)$/.exec(scope) ?? [];
  if (type === "registry" && name === "catalog") return caller.user === undefined ? [] : [{ type, name, actions: ["*"] }];
  if (type !== "repository") return [];
  const asked = actions.split(",");
  const allowed = ACTIONS.filter((action) => (asked.includes(action) || asked.includes("*")) && call.mayOf(caller, action, parseName(name)));
  return allowed.length > 0 ? [{ type, name, actions: allowed }] : [];
}
