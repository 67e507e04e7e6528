import { registryStatus } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { humanSize } from "../format/size.ts";
import { out, printable } from "../output.ts";

/** Exit code 0 when it runs, 1 when it does not. */
export async function run({ client }: Invocation): Promise<number> {
  const { Enabled, Running, Address, Pid, Since, Root, StorageBytes } = await registryStatus(client);
  if (!Running) out(Enabled ? "The registry is on, and being started again.\n" : "The registry is off.\n");
  else out(`Address: ${printable(Address)}\nPID: ${Pid}\nSince: ${printable(Since)}\n${Root === "" ? "" : `Root: ${printable(Root)}\nStorage: ${humanSize(StorageBytes)} (${StorageBytes} bytes)\n`}`);
  return Running ? 0 : 1;
}
