import { parseEndpoint, type TlsMaterial } from "../../client/mod.ts";
import type { ChosenEngine } from "../engine-choice.ts";
import { Failure } from "../failure.ts";
import { readContext, readTls } from "./store.ts";

/** @throws Failure or EngineError when the context is not there or its address cannot be used */
export function engineOfContext(folder: string, name: string): ChosenEngine {
  const { Endpoints } = readContext(folder, name);
  const docker = Endpoints["docker"];
  if (!docker) throw new Failure(`context ${JSON.stringify(name)}: context not found: docker endpoint not found`);
  const files = readTls(folder, name)["docker"];
  const tls: TlsMaterial | undefined = files || docker.SkipTLSVerify ? { ca: files?.["ca.pem"], cert: files?.["cert.pem"], key: files?.["key.pem"], verify: !docker.SkipTLSVerify } : undefined;
  const host = docker.Host ?? "";
  return { host, endpoint: parseEndpoint(host === "" ? "unix://" : host, tls) };
}
