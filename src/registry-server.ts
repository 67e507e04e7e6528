import { readFileSync } from "node:fs";
import { EngineError, messageOf } from "./base/mod.ts";
import type { RegistrySettings } from "./configuration/mod.ts";
import { operatorLog } from "./operator-log.ts";
import { loadRegistryServer } from "./registry/mod.ts";

/** `hako registry serve`: builds what the server is made of. @returns the exit code */
export async function serveRegistry(settings: RegistrySettings, ready: () => void): Promise<number> {
  const log = operatorLog({ least: () => "info" });
  for (const event of ["unhandledRejection", "uncaughtException"] as const) process.on(event, (error: unknown) => log(`internal error: ${messageOf(error)}`, "error"));
  try {
    const { FileSystemStorage, listen, Registry, REGISTRY_LIMITS } = await loadRegistryServer();
    const storage = new FileSystemStorage(settings.root);
    const registry = new Registry({ storage, limits: REGISTRY_LIMITS, readOnly: settings.readOnly, graceMs: settings.graceMs, report: (sentence, error) => log(`${sentence}: ${messageOf(error)}`, "error") });
    const stop = askedToStop();
    await using listening = listen(registry, { hostname: settings.hostname, port: settings.port, tls: settings.tls && { cert: readPem(settings.tls.certPath), key: readPem(settings.tls.keyPath) } });
    log(`registry of ${settings.root} listens on ${listening.url}`);
    ready();
    log(`stopping: ${await stop}`);
    return 0;
  } catch (error) {
    log(messageOf(error), "error");
    return 1;
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new EngineError("InvalidParameter", `the TLS file ${path} cannot be read: ${messageOf(error)}`);
  }
}

function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}
