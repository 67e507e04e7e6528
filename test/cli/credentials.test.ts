/** Where the command line finds what proves its user to a registry, and how it hands that on. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/cli/config-file.ts";
import { CredentialStore } from "../../src/cli/credentials/credentials.ts";
import { INDEX_SERVER, registryKey } from "../../src/cli/credentials/registry-key.ts";
import { registryHeader } from "../../src/cli/credentials/registry-header.ts";

let folder = "";
const searchPath = process.env["PATH"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hk-credentials-"));
  process.env["PATH"] = `${folder}:${searchPath}`;
});
afterEach(() => {
  process.env["PATH"] = searchPath;
  rmSync(folder, { recursive: true });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const configured = (members: object) => {
  writeFileSync(join(folder, "config.json"), JSON.stringify(members));
  return loadConfig(folder);
};
const written = (): Record<string, unknown> => JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;

/** A helper that answers `get` with this, and keeps what it is told to store. */
function helper(name: string, answer: string, code = 0): void {
  writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\nif [ "$1" = get ]; then cat > ${folder}/asked; cat ${folder}/answer; exit ${code}; fi\ncat > ${folder}/$1\n`);
  chmodSync(join(folder, `docker-credential-${name}`), 0o755);
  writeFileSync(join(folder, "answer"), answer);
}

async function header(members: object, domain: string): Promise<unknown> {
  const { "X-Registry-Auth": value } = await registryHeader(configured(members), { domain });
  return JSON.parse(Buffer.from(value, "base64url").toString());
}

test("registryKey() gives docker's names", () => {
  for (const name of ["", "docker.io", "index.docker.io", "https://index.docker.io/v1/"]) expect(registryKey(name)).toBe(INDEX_SERVER);
  expect(registryKey("https://registry.example:5000/v2/")).toBe("registry.example:5000");
  expect(registryKey("registry.example")).toBe("registry.example");
});

test("a registry's own entry is found, by its name or by an old address", async () => {
  const auths = { "a.example": { auth: base64("anna:ge:heim") }, "https://b.example/v1/": { auth: base64("bert:x\0\0") }, [INDEX_SERVER]: { auth: base64("hub:y") }, "c.example": {}, "d.example": 7 };
  const get = (key: string) => new CredentialStore(configured({ auths })).get(key);
  expect(await get("a.example")).toEqual({ username: "anna", password: "ge:heim", identityToken: "" });
  expect(await get("b.example")).toEqual({ username: "bert", password: "x", identityToken: "" });
  expect(await header({ auths }, "docker.io")).toEqual({ username: "hub", password: "y", serveraddress: INDEX_SERVER });
  for (const key of ["c.example", "d.example", "e.example", "__proto__", "constructor"]) expect(await get(key)).toBeUndefined();
  expect(await header({ auths }, "e.example")).toEqual({});
});

test("an identity token is kept in place of the password, and sent as what it is", async () => {
  await new CredentialStore(configured({ psFormat: "x", auths: { "z.example": {} } })).store("a.example", { username: "anna", password: "", identityToken: "token" });
  expect(written()).toEqual({ psFormat: "x", auths: { "a.example": { auth: base64("anna:"), identitytoken: "token" }, "z.example": {} } });
  expect(await header(written(), "a.example")).toEqual({ username: "anna", serveraddress: "a.example", identitytoken: "token" });
});

test("a helper is asked for its registry alone, and a token's name is not a user's", async () => {
  helper("one", JSON.stringify({ ServerURL: "a.example", Username: "<token>", Secret: "token" }));
  const members = { credHelpers: { "a.example": "one" }, auths: { "b.example": { auth: base64("bert:x") } } };
  expect(await header(members, "a.example")).toEqual({ serveraddress: "a.example", identitytoken: "token" });
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("a.example");
  expect(await header(members, "b.example")).toEqual({ username: "bert", password: "x", serveraddress: "b.example" });
  await new CredentialStore(configured(members)).store("a.example", { username: "anna", password: "", identityToken: "other" });
  expect(JSON.parse(readFileSync(join(folder, "store"), "utf8"))).toEqual({ ServerURL: "a.example", Username: "<token>", Secret: "other" });
  expect(written()["auths"]).toEqual({ "a.example": {}, "b.example": { auth: base64("bert:x") } });
});

test("a helper that has nothing, fails or is not there leaves a request without credentials", async () => {
  helper("none", "credentials not found in native keychain\n", 1);
  helper("wrong", "not JSON");
  for (const credsStore of ["none", "wrong", "missing", "../../bin/sh"]) expect(await header({ credsStore }, "a.example")).toEqual({});
});
