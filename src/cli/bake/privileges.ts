import type { Baked, Target } from "../../bake/mod.ts";
import { Failure } from "../failure.ts";
import { err, printable } from "../output.ts";

const NETWORK = "network.host";
const DEVICE = "device";

/** What a definition asks for is not what the user grants. @param allowed as `--allow` has it @throws Failure in docker's words */
export function checkPrivileges(targets: Baked["target"], allowed: readonly string[]): void {
  const wanted = new Set(Object.values(targets).flatMap(privilegesOf));
  // Who asks for all devices asks for each.
  const known = wanted.has(DEVICE) ? [...allowed, DEVICE] : allowed;
  const missing = [...wanted].filter((privilege) => (privilege === DEVICE ? !allowed.includes(DEVICE) : !isGranted(privilege, known))).toSorted(byRank);
  if (missing.length === 0) return;
  const lines = missing.map((privilege) => ` - ${printable(meaningOf(privilege))}\n`).join("");
  const grants = missing.map((privilege) => `--allow=${printable(privilege)}`).join(" ");
  err(`Your build is requesting privileges for following possibly insecure capabilities:\n\n${lines}\nPass "${grants}" to grant requested privileges.\n\n`);
  throw new Failure("ERROR: additional privileges requested");
}

const privilegesOf = ({ entitlements = [], network }: Target): readonly string[] => (network === "host" ? [...entitlements, NETWORK] : entitlements);

const isGranted = (privilege: string, allowed: readonly string[]): boolean => allowed.includes(privilege) || (privilege.startsWith(`${DEVICE}=`) && allowed.includes(DEVICE));

function meaningOf(privilege: string): string {
  if (privilege === NETWORK) return "Running build containers that can access host network";
  if (privilege === "security.insecure") return "Running privileged containers that can make system changes";
  if (privilege === DEVICE) return "Access to CDI devices";
  return privilege.startsWith(`${DEVICE}=`) ? `Access to device ${privilege.slice(DEVICE.length + 1)}` : privilege;
}

const RANKS: readonly string[] = [NETWORK, "security.insecure"];
const byRank = (a: string, b: string): number => rankOf(a) - rankOf(b);
const rankOf = (privilege: string): number => (RANKS.includes(privilege) ? RANKS.indexOf(privilege) : RANKS.length);
