import { createPrivateKey, X509Certificate } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { EngineError, messageOf } from "./base/mod.ts";
import type { RegistryProxySettings, RegistrySettings, RegistryStorageSettings } from "./configuration/mod.ts";
import { operatorLog, type OperatorLog } from "./operator-log.ts";
import { onRenewedFiles } from "./tls-renewal.ts";
import { loadRegistryServer, openRegistryClient } from "./registry/mod.ts";
import packageJson from "../package.json" with { type: "json" };

type Modules = Awaited<ReturnType<typeof loadRegistryServer>>;

/** `hako registry serve`: builds what the server is made of. @returns the exit code */
export async function serveRegistry(settings: RegistrySettings, ready: () => void): Promise<number> {
  Bun.unsafe.setJITPolicy(1);
  const log = operatorLog({ least: () => "info" });
  for (const event of ["unhandledRejection", "uncaughtException"] as const) process.on(event, (error: unknown) => log(`internal error: ${messageOf(error)}`, "error"));
  try {
    const stop = askedToStop();
    const modules = await loadRegistryServer();
    const { listen, Registry, REGISTRY_LIMITS, AccessControl, Metrics, collectRegularly } = modules;
    await using held = new AsyncDisposableStack();
    const metrics = new Metrics();
    const warn = (sentence: string): void => log(sentence, "warn");
    const access = new AccessControl(settings.access, warn);
    const accessLog = openAccessLog(settings.accessLog, modules, held, log);
    const registry = new Registry({
      storage: openStorage(settings.storage, modules),
      limits: { ...REGISTRY_LIMITS, ...settings.limits },
      access,
      readOnly: settings.readOnly,
      pages: settings.pages,
      graceMs: settings.garbage.graceMs,
      metrics,
      behind: settings.proxy && behind(settings.proxy, held),
      log: accessLog,
      report: (sentence, error) => log(`${sentence}: ${messageOf(error)}`, "error"),
    });
    if (!settings.readOnly) held.use(collectRegularly(registry.repositories, { ...settings.garbage, evict: settings.proxy?.evict, metrics, report: warn }));
    const listening = held.use(listen(registry, { hostname: settings.hostname, port: settings.port, tls: settings.tls && readIdentity(settings.tls) }));
    const { tls } = settings;
    if (tls) held.use(onRenewedFiles([tls.certPath, tls.keyPath], () => listening.renew(readIdentity(tls)), log));
    warnOfStrangers(settings, access.isOpen, log);
    log(`registry of ${placeOf(settings.storage)} listens on ${listening.url}`);
    ready();
    log(`stopping: ${await stop}`);
    return 0;
  } catch (error) {
    log(messageOf(error), "error");
    return 1;
  }
}

/** `hako registry gc`: once, beside servers that may be running. */
export async function collectRegistry({ storage, garbage }: Pick<RegistrySettings, "storage" | "garbage">): ReturnType<Modules["collectGarbage"]> {
  const modules = await loadRegistryServer();
  const opened = openStorage(storage, modules);
  const repositories = new modules.Repositories(opened, new modules.Leases(opened, garbage.graceMs), modules.REGISTRY_LIMITS.manifestBytes);
  return await modules.collectGarbage(repositories, garbage, (sentence) => operatorLog({ least: () => "info" })(sentence, "warn"));
}

function openStorage(settings: RegistryStorageSettings, { FileSystemStorage, ObjectStorage }: Modules): Storage {
  if (settings.kind === "fs") return new FileSystemStorage(settings.root);
  const { endpoint, region, bucket, prefix, redirect, ...credentials } = settings;
  return new ObjectStorage({ endpoint, region, bucket, prefix, credentials }, redirect);
}

type Storage = InstanceType<Modules["FileSystemStorage"]> | InstanceType<Modules["ObjectStorage"]>;

/** The registry that a cache stands in front of. */
function behind({ domain, insecure, username, password, tagMs, evict }: RegistryProxySettings, held: AsyncDisposableStack) {
  const client = openRegistryClient({ userAgent: `hako-registry/${packageJson.version}`, insecure: insecure ? [domain] : [], certsDirs: ["/etc/docker/certs.d"] });
  held.defer(() => client.close());
  return { client, domain, auth: { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }, tagMs, evicts: evict !== undefined };
}

const placeOf = (settings: RegistryStorageSettings): string => (settings.kind === "fs" ? settings.root : `${settings.endpoint}/${settings.bucket}`);

function openAccessLog(path: string, { accessLog }: Modules, held: AsyncDisposableStack, log: OperatorLog): ReturnType<Modules["accessLog"]> | undefined {
  if (path === "") return undefined;
  const fd = path === "-" ? 1 : held.adopt(openSync(path, "a", 0o640), closeSync);
  let failing = false;
  return held.use(
    accessLog((text) => {
      try {
        writeSync(fd, text);
        failing = false;
      } catch (error) {
        if (!failing) log(`the access log could not be written: ${messageOf(error)}, ignoring`, "warn");
        failing = true;
      }
    }),
  );
}

function readIdentity({ certPath, keyPath }: { certPath: string; keyPath: string }): { cert: string; key: string } {
  const cert = readPem(certPath, (text) => void new X509Certificate(text));
  const key = readPem(keyPath, (text) => void createPrivateKey(text));
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new EngineError("InvalidParameter", `the TLS key ${keyPath} is not that of the certificate ${certPath}`);
  return { cert, key };
}

function readPem(path: string, check: (text: string) => void): string {
  try {
    const text = readFileSync(path, "utf8");
    check(text);
    return text;
  } catch (error) {
    throw new EngineError("InvalidParameter", `the TLS file ${path} cannot be used: ${messageOf(error)}`);
  }
}

/** What is allowed, but seldom meant. */
function warnOfStrangers({ hostname, tls, access }: RegistrySettings, isOpen: boolean, log: OperatorLog): void {
  if (/^(?:127\.|::1$|localhost$)/.test(hostname)) return;
  if (isOpen && access.rules === undefined) log("everybody who reaches this address may pull, push and delete: --htpasswd or --token-realm asks who it is", "warn");
  if (!tls && !isOpen) log("passwords and tokens cross the network in the clear: --tls-cert and --tls-key protect them, or a proxy in front", "warn");
}

function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}
