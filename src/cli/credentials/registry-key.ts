import type { Reference } from "../../spec/mod.ts";

/** Under this name Docker keeps the credentials of Docker Hub. */
export const INDEX_SERVER = "https://index.docker.io/v1/";

/** `https://host:5000/v2/` → `host:5000`. */
export const hostnameOf = (address: string): string => address.replace(/^https?:\/\//, "").split("/")[0] ?? "";

/** What people write for a registry, as the name its credentials are kept under. */
export function registryKey(written: string): string {
  const host = hostnameOf(written);
  return ["", "docker.io", "index.docker.io"].includes(host) ? INDEX_SERVER : host;
}

export const registryKeyOf = ({ domain }: Pick<Reference, "domain">): string => registryKey(domain);
