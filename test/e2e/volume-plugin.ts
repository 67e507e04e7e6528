/**
 * A volume plugin, as a program of its own: `bun volume-plugin.ts <socket> <folder>`. Volumes are folders in `<folder>/volumes`; every call is a
 * line of `<folder>/calls`. A volume's name says what goes wrong: `fails-<Method>` answers with an error, `breaks-<Method>` with status 500, `hangs-<Method>` never.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const [socket = "", folder = ""] = process.argv.slice(2);
const volumes = join(folder, "volumes");
mkdirSync(volumes, { recursive: true });
rmSync(socket, { force: true });

interface Call {
  readonly Name?: string;
  readonly ID?: string;
  readonly Opts?: Record<string, string>;
}

const pathOf = (name = ""): string => join(volumes, name);
const shown = (name: string): object => ({ Name: name, Mountpoint: pathOf(name), CreatedAt: "2026-01-02T03:04:05Z", Status: { kept: "here" } });
const missing = { Err: "no such volume here" };

const METHODS: Readonly<Record<string, (call: Call) => object>> = {
  "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }),
  "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),
  "VolumeDriver.Create": ({ Name }) => (mkdirSync(pathOf(Name), { recursive: true }), {}),
  "VolumeDriver.Get": ({ Name = "" }) => (existsSync(pathOf(Name)) ? { Volume: shown(Name) } : missing),
  "VolumeDriver.List": () => ({ Volumes: readdirSync(volumes).map(shown) }),
  "VolumeDriver.Path": ({ Name }) => ({ Mountpoint: pathOf(Name) }),
  "VolumeDriver.Mount": ({ Name }) => ({ Mountpoint: pathOf(Name) }),
  "VolumeDriver.Unmount": () => ({}),
  "VolumeDriver.Remove": ({ Name }) => (rmSync(pathOf(Name), { recursive: true, force: true }), {}),
};

Bun.serve({
  unix: socket,
  async fetch(request) {
    const method = new URL(request.url).pathname.slice(1);
    const call = JSON.parse((await request.text()) || "{}") as Call;
    appendFileSync(join(folder, "calls"), `${JSON.stringify({ method, ...call })}\n`);
    const [how = "", which = ""] = (call.Name ?? "").split("-");
    if (`VolumeDriver.${which}` === method) {
      if (how === "hangs") await new Promise(() => undefined);
      if (how === "fails") return Response.json({ Err: "no room for it" });
      if (how === "breaks") return new Response("out of order\n", { status: 500 });
    }
    return Response.json(METHODS[method]?.(call) ?? { Err: `no ${method} here` });
  },
});
process.stdout.write("ready\n");
