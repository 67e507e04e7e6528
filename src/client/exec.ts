import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from "../spec/mod.ts";
import type { Client } from "./client.ts";
import type { Connection } from "./connection.ts";
import { ownSession } from "./own-session.ts";

const at = (id: string, rest: string) => `/exec/${encodeURIComponent(id)}${rest}`;

export const createExec = (client: Client, container: string, body: ExecCreateRequest) =>
  client.json<{ Id: string }>("POST", `/containers/${encodeURIComponent(container)}/exec`, { json: body });

/** Creates and starts in one; the last frame has the WaitResult. */
export const joinExec = (client: Client, container: string, body: ExecCreateRequest) => ownSession(client, `/containers/${encodeURIComponent(container)}/exec`, { json: body });

export const startExecDetached = (client: Client, id: string) => client.send("POST", at(id, "/start"), { json: { Detach: true } satisfies ExecStartRequest });

export const startExec = (client: Client, id: string, body: ExecStartRequest): Promise<{ connection: Connection }> => client.hijack(at(id, "/start"), { json: body });

export const inspectExec = (client: Client, id: string) => client.json<ExecInspect>("GET", at(id, "/json"));

export const resizeExec = (client: Client, id: string, rows: number, columns: number) => client.send("POST", at(id, "/resize"), { query: { h: rows, w: columns } });
