import type { CommandSpec } from "../command.ts";

export const LOGIN: CommandSpec = {
  summary: "Log in to a registry",
  usage: "[OPTIONS] [SERVER]",
  args: [0, 1],
  flags: [
    { name: "password", short: "p", type: "string", help: "Password or personal access token" },
    { name: "password-stdin", type: "bool", help: "Take the password from STDIN" },
    { name: "username", short: "u", type: "string", help: "Username" },
  ],
  load: () => import("../commands/login.ts"),
};

export const LOGOUT: CommandSpec = { summary: "Log out of a registry", usage: "[SERVER]", args: [0, 1], flags: [], local: true, load: () => import("../commands/logout.ts") };

export const SEARCH: CommandSpec = {
  summary: "Search a registry for images",
  usage: "[OPTIONS] TERM",
  args: [1, 1],
  flags: [
    { name: "filter", short: "f", type: "filter", help: "Show only what matches these conditions" },
    { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" },
    { name: "limit", type: "int", help: "Show at most so many results" },
    { name: "no-trunc", type: "bool", help: "Do not shorten output" },
  ],
  load: () => import("../commands/search.ts"),
};
