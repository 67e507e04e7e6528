import type { Invocation } from "../../command.ts";
import { serviceContainer } from "../../compose/service-container.ts";
import { Failure } from "../../failure.ts";
import { out } from "../../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const [service = "", text = ""] = args;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Failure(`strconv.ParseUint: parsing ${JSON.stringify(text)}: ${/^\d+$/.test(text) ? "value out of range" : "invalid syntax"}`);
  const protocol = (flags.string("protocol") || "tcp").toLowerCase();
  const { name, ports } = await serviceContainer(invocation, service, { index: flags.number("index") });
  const found = ports.find(({ PrivatePort, Type }) => PrivatePort === port && Type === protocol);
  if (!found) throw new Failure(`no port ${port}/${protocol} for container ${name}${ports.length === 0 ? "" : `: ${ports.map(({ PublicPort = 0, Type = "" }) => `${PublicPort}/${Type}`).join(", ")}`}`);
  const { IP = "", PublicPort = 0 } = found;
  out(`${IP.includes(":") ? `[${IP}]` : IP}:${PublicPort}\n`);
  return 0;
}
