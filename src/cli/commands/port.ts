import { inspectContainer } from "../../client/mod.ts";
import type { PortBinding } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { out } from "../output.ts";

export async function run({ args, client }: Invocation): Promise<number> {
  const [name = "", wanted] = args;
  const container = await inspectContainer(client, name);
  const ports = container.NetworkSettings?.Ports ?? {};
  if (wanted === undefined) {
    const lines = Object.entries(ports).flatMap(([port, bindings]) => (bindings ?? []).map((binding) => `${port} -> ${address(binding)}\n`));
    out(lines.toSorted(byNumber).join(""));
    return 0;
  }
  const [number = "", protocol = "tcp"] = wanted.split("/");
  if (!/^\d+$/.test(number)) throw new Failure(`Error: invalid port (${number}): strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`);
  const bindings = ports[`${number}/${protocol}`];
  if (!bindings) throw new Failure(`Error: No public port '${wanted}' published for ${name}`);
  out(bindings.map((binding) => `${address(binding)}\n`).join(""));
  return 0;
}

const address = ({ HostIp = "", HostPort = "" }: PortBinding): string => `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;

/** Docker's order: digits as numbers, all else by its character. */
function byNumber(a: string, b: string): number {
  const parts = (text: string): string[] => text.split(/(\d+)/);
  const [left, right] = [parts(a), parts(b)];
  for (const [at, one] of left.entries()) {
    const other = right[at] ?? "";
    if (one !== other) return at % 2 === 1 ? Number(one) - Number(other) : one < other ? -1 : 1;
  }
  return left.length - right.length;
}
