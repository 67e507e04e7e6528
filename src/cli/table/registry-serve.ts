import type { CommandSpec } from "../command.ts";

export const SERVE: CommandSpec = {
  summary: "Run a registry in the foreground",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "addr", type: "string", default: '"127.0.0.1:5000"', help: "Address to listen on" },
    { name: "root", type: "string", default: '"/var/lib/hako-registry"', help: "Folder of the content" },
    { name: "tls-cert", type: "string", help: "Certificate file; with it, TLS is spoken" },
    { name: "tls-key", type: "string", help: "Key file of the certificate" },
    { name: "read-only", type: "bool", help: "Refuse everything that would change the content" },
    { name: "ready-fd", type: "int", hidden: true, help: "Descriptor that is written to once the registry listens" },
  ],
  local: true,
  load: () => import("../commands/registry-serve.ts"),
};
