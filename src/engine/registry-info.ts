import type { SystemInfo } from "../spec/mod.ts";
import type { EngineDefaults } from "./defaults.ts";

/** Always without TLS: a registry on the machine itself. */
const LOOPBACK = ["::1/128", "127.0.0.0/8"];

/** The registries as Docker's /info shows them: ranges apart from names, mirrors with a slash at their end. */
export function registryInfo({ registryMirrors, insecureRegistries }: EngineDefaults): NonNullable<SystemInfo["RegistryConfig"]> {
  const mirrors = [...new Set(registryMirrors.map((mirror) => (mirror.endsWith("/") ? mirror : `${mirror}/`)))];
  const bare = insecureRegistries.map((registry) => registry.replace(/^https?:\/\//, ""));
  const isRange = (registry: string): boolean => /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(registry);
  const names = bare.filter((registry) => !isRange(registry));
  const configs = [{ Name: "docker.io", Mirrors: mirrors, Secure: true, Official: true }, ...names.map((Name) => ({ Name, Mirrors: [], Secure: false, Official: false }))];
  const shape: Record<string, unknown> = {
    IndexConfigs: Object.fromEntries(configs.map((config) => [config.Name, config])),
    InsecureRegistryCIDRs: [...new Set(bare.filter(isRange)), ...LOOPBACK],
    Mirrors: mirrors.length > 0 ? mirrors : null,
  };
  // Absent lists are null on the wire, which the generated types do not say.
  return shape as NonNullable<SystemInfo["RegistryConfig"]>;
}

/** A proxy's address without the password that may be in it. */
export const maskedProxy = (address: string): string => address.replace(/\/\/[^/@]*@/, "//xxxxx:xxxxx@");
