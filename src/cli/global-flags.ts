import "./core.ts";
import type { Flag } from "./flags.ts";

/** What may stand before the command's name. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "config", type: "string", help: "Folder of client configuration files (default ~/.docker)" },
  { name: "context", short: "c", type: "string", help: "Context whose engine to connect to (overrides DOCKER_HOST and the context set with `context use`)" },
  { name: "debug", short: "D", type: "bool", help: "Show where an unexpected failure comes from" },
  { name: "host", short: "H", type: "list", once: true, help: "Engine to connect to (unix:///path, tcp://address:port or ssh://user@host)" },
  { name: "log-level", short: "l", type: "string", default: '"info"', help: 'Level of log messages ("debug", "info", "warn", "error", "fatal")' },
  { name: "tls", type: "bool", help: "Use TLS; implied by --tlsverify" },
  { name: "tlscacert", type: "string", help: "Trust certificates signed by this authority alone (default ~/.docker/ca.pem)" },
  { name: "tlscert", type: "string", help: "Client's certificate (default ~/.docker/cert.pem)" },
  { name: "tlskey", type: "string", help: "Client's key (default ~/.docker/key.pem)" },
  { name: "tlsverify", type: "bool", help: "Use TLS and verify the engine's certificate" },
  { name: "version", short: "v", type: "bool", help: "Print the version and quit" },
];
