import { EngineError } from "../base/mod.ts";
import { flag, list } from "./query.ts";
import { json, route, type Reply } from "./route.ts";
import { progress } from "./streams.ts";

const PING_HEADERS = {
  "Builder-Version": "2",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
  Swarm: "inactive",
  "Content-Type": "text/plain; charset=utf-8",
};
const pong = (text: string): Reply => ({ kind: "text", status: 200, text, headers: PING_HEADERS });

const DF_TYPES = ["container", "image", "volume", "build-cache"] as const;
type DfType = (typeof DF_TYPES)[number];

function dfTypes(types: readonly string[]): DfType[] {
  return types.map((type) => {
    const known = DF_TYPES.find((each) => each === type);
    if (known === undefined) throw new EngineError("InvalidParameter", `unknown object type: ${type}`);
    return known;
  });
}

export const system = [
  route("GET /_ping", { summary: "Tells that the engine lives, and its versions in headers.", respond: () => pong("OK") }),
  route("HEAD /_ping", { summary: "The headers of GET /_ping alone.", respond: () => pong("") }),
  route("GET /version", { summary: "Versions of the engine and its parts.", respond: async ({ engine }) => json(await engine.systemVersion()) }),
  route("GET /info", { summary: "What this engine and its host are.", respond: async ({ engine }) => json(await engine.systemInfo()) }),
  route("GET /system/df", {
    summary: "Disk use of images, containers and volumes.",
    query: { type: list("One kind of object only; may be repeated: container, image, volume, build-cache.") },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.systemDf(dfTypes(query.type))),
  }),
  route("POST /hako/system/check", {
    summary: "Verifies every blob and layer of images: a line of JSON for each that is damaged, then {\"summary\"}. Not in Docker.",
    query: { repair: flag("Remove damaged blobs, so that they are fetched again, and unpack damaged layers again.", true) },
    respond: ({ engine, query, signal }) => progress(engine.checkStore({ repair: query.repair }, signal)),
  }),
];

