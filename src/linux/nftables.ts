/** nft(8) as a child: only at set-up and teardown, never per container. */
import { EngineError } from "../base/mod.ts";

export type NftFamily = "ip" | "ip6" | "inet" | "bridge";

/** All of the text or nothing of it is applied. @throws EngineError System with nft's own words */
export async function applyRuleset(text: string): Promise<void> {
  const { exitCode, stderr } = await nft(["-f", "-"], text);
  if (exitCode !== 0) throw new EngineError("System", `nft refused the engine's rules: ${stderr.trim()}`);
}

/** Whether this kernel would take the text. Nothing of it is applied. */
export async function takesRuleset(text: string): Promise<boolean> {
  return (await nft(["-c", "-f", "-"], text)).exitCode === 0;
}

/** The table's rules as text; undefined when there is no such table. */
export async function listTable(family: NftFamily, name: string): Promise<string | undefined> {
  const { exitCode, stdout } = await nft(["list", "table", family, name]);
  return exitCode === 0 ? stdout : undefined;
}

/** A table that is not there is done, and one of a family that the kernel has no tables for. @throws EngineError System */
export async function deleteTable(family: NftFamily, name: string): Promise<void> {
  try {
    // Adding first makes the deletion succeed either way.
    await applyRuleset(`add table ${family} ${name}\ndelete table ${family} ${name}\n`);
  } catch (error) {
    if ((await listTable(family, name)) !== undefined) throw error;
  }
}

/** @throws EngineError System when there is no nft */
export async function nft(args: readonly string[], input = ""): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  let child;
  try {
    child = Bun.spawn(["nft", ...args], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe", env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } });
  } catch (error) {
    throw new EngineError("System", "nft is missing: install nftables (`apt-get install nftables`), or run containers with --network host or none", { cause: error });
  }
  const [stdout, stderr, exitCode] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { exitCode, stdout, stderr };
}
