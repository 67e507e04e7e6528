import { EngineError } from "../base/mod.ts";
import { string, struct } from "./json-shape.ts";
import { filters, integer, text } from "./query.ts";
import { registryAuth } from "./registry-auth.ts";
import { json, route } from "./route.ts";

interface AuthConfig {
  username?: string;
  password?: string;
  auth?: string;
  email?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}

const authConfig = struct<AuthConfig>("AuthConfig", { username: string, password: string, auth: string, email: string, serveraddress: string, identitytoken: string, registrytoken: string });

const SEARCH_FILTERS = ["is-automated", "is-official", "stars"];

export const registries = [
  route("POST /auth", {
    summary: "Asks a registry whether it accepts these credentials.",
    body: authConfig,
    failures: [400, 401, 500],
    respond: async ({ engine, json: { username, password, serveraddress, identitytoken, registrytoken }, signal }) =>
      json(
        await engine.registryLogin(
          { serverAddress: serveraddress ?? "", ...(username && { username }), ...(password && { password }), ...(identitytoken && { identityToken: identitytoken }), ...(registrytoken && { registryToken: registrytoken }) },
          signal,
        ),
      ),
  }),
  route("GET /distribution/{name}/json", {
    summary: "What a name stands for in its registry: digest, size and platforms. Credentials come in X-Registry-Auth.",
    failures: [400, 401, 403, 404, 500],
    respond: async ({ engine, ref, headers, signal }) => json(await engine.inspectDistribution(ref, registryAuth(headers), signal)),
  }),
  route("GET /images/search", {
    summary: "Searches Docker Hub, or the registry that the term begins with. Credentials come in X-Registry-Auth.",
    query: { term: text("What to search for."), limit: integer("At most so many results, 1 to 100; 25 by default."), filters: filters(SEARCH_FILTERS) },
    failures: [400, 401, 500],
    respond: async ({ engine, query: { term, limit, filters: given }, headers, signal }) => {
      if (!term) throw new EngineError("InvalidParameter", "a term to search for is needed");
      return json(await engine.searchImages({ term, limit, filters: given, auth: registryAuth(headers) }, signal));
    },
  }),
];
