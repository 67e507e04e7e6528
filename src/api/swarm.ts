import { EngineError } from "../base/mod.ts";
import { route, type Method, type Reply, type Route } from "./route.ts";

/** This engine is never part of a swarm; the answers are Docker's for a node that is not. */
export const notManager = (): Reply => {
  throw new EngineError("Unavailable", 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.');
};
const notInSwarm = (): Reply => {
  throw new EngineError("Unavailable", "This node is not part of a swarm");
};
const noSwarm = (): Reply => {
  throw new EngineError("NotImplemented", "swarm mode is not supported");
};

const manager = (endpoint: `${Method} /${string}`): Route => route(endpoint, { summary: "Needs a swarm manager, which this engine never is.", success: [], failures: [503], respond: notManager });

export const swarm = [
  ...(["nodes", "services", "tasks", "secrets", "configs"] as const).flatMap((objects) => [manager(`GET /${objects}`), manager(`GET /${objects}/{id}`)]),
  ...(["services", "secrets", "configs"] as const).flatMap((objects) => [manager(`POST /${objects}/create`), manager(`DELETE /${objects}/{id}`), manager(`POST /${objects}/{id}/update`)]),
  manager("DELETE /nodes/{id}"),
  manager("POST /nodes/{id}/update"),
  manager("GET /services/{id}/logs"),
  manager("GET /tasks/{id}/logs"),
  manager("GET /swarm"),
  manager("POST /swarm/update"),
  manager("GET /swarm/unlockkey"),
  manager("POST /swarm/unlock"),
  route("POST /swarm/leave", { summary: "There is no swarm to leave.", success: [], failures: [503], respond: notInSwarm }),
  route("POST /swarm/init", { summary: "Swarm mode is not supported.", success: [], failures: [501], respond: noSwarm }),
  route("POST /swarm/join", { summary: "Swarm mode is not supported.", success: [], failures: [501], respond: noSwarm }),
];
