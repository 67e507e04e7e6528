/** Devices of the Container Device Interface: files of two forms, what they change, and what is wrong with them. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { injectDevices } from "../../src/engine/cdi/inject.ts";
import { DeviceRegistry } from "../../src/engine/cdi/registry.ts";
import { parseDeviceSpec } from "../../src/engine/cdi/spec.ts";
import type { RuntimeSpec } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folder(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const json = (kind: string, device: string, containerEdits: unknown, common: unknown = {}): string => JSON.stringify({ cdiVersion: "0.6.0", kind, devices: [{ name: device, containerEdits }], containerEdits: common });
const SPEC = {
  process: { env: ["A=old"], user: { uid: 0, gid: 0, additionalGids: [5] } }, mounts: [{ destination: "/proc", type: "proc", source: "proc", options: [] }],
  linux: { devices: [], resources: { devices: [{ allow: false, access: "rwm" }] } },
} as unknown as RuntimeSpec;
const NODES = { deviceNodes: (path: string) => (path === "/dev/null" ? [{ path, type: "c" as const, major: 1, minor: 3, fileMode: 0o666 }] : []) };
const inject = (ids: string[], ...folders: string[]): RuntimeSpec => injectDevices(SPEC, [{ Driver: "cdi", DeviceIDs: ids }], folders, NODES);

const YAML = `
cdiVersion: "0.6.0"
kind: "acme.com/toy"
containerEdits:
  env: ["ALL=1"]
devices:
  - name: "0"
    containerEdits:
      env: ["A=new"]
      deviceNodes: [{path: /dev/toy, hostPath: /dev/null, permissions: rw, uid: 7}]
      mounts: [{hostPath: /opt/toy, containerPath: /toy, options: [ro, nosuid]}]
      additionalGids: [0, 44]
  - name: "1"
    containerEdits: {env: ["B=1"]}
`;

test("a device brings its variables, nodes, rules, mounts and groups, and once what its file gives to all", () => {
  const edited = inject(["acme.com/toy=0", "acme.com/toy=1"], folder("whole", { "toy.yaml": YAML }));
  expect(edited.process.env).toEqual(["A=new", "ALL=1", "B=1"]);
  expect(edited.process.user.additionalGids).toEqual([5, 44]);
  expect(edited.mounts.at(-1)).toEqual({ destination: "/toy", type: "bind", source: "/opt/toy", options: ["rbind", "ro", "nosuid"] });
  expect(edited.linux.devices).toEqual([{ path: "/dev/toy", type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 7 }]);
  expect(edited.linux.resources.devices.at(-1)).toEqual({ allow: true, type: "c", major: 1, minor: 3, access: "rw" });
});

test("a later folder's device replaces an earlier one's; two of one folder are none", () => {
  const etc = folder("etc", { "a.json": json("a.b/c", "x", { env: ["FROM=etc"] }), "d.json": json("a.b/d", "x", {}), "e.json": json("a.b/d", "x", {}) });
  const run = folder("run", { "a.json": json("a.b/c", "x", { env: ["FROM=run"] }) });
  expect(inject(["a.b/c=x"], etc, run).process.env).toContain("FROM=run");
  expect(() => inject(["a.b/d=x"], etc, run)).toThrow("CDI device injection failed: unresolvable CDI devices a.b/d=x");
});

test("what is missing or cannot be done is said", () => {
  const path = folder("odd", { "bad.json": "{", "n.json": json("a.b/n", "x", { deviceNodes: [{ path: "/dev/gone" }] }), "h.json": json("a.b/h", "x", { hooks: [{ hookName: "createContainer", path: "/bin/x" }] }), "notes.txt": "x" });
  expect(() => inject(["no.pe/c=x", "a.b/n=x"], path)).toThrow("CDI device injection failed: unresolvable CDI devices no.pe/c=x (");
  expect(() => inject(["a.b/n=x"], path)).toThrow('failed to stat CDI host device "/dev/gone": no such file or directory');
  expect(() => inject(["a.b/h=x"], path)).toThrow("the engine's own runtime does not do hooks");
  expect(inject([], path)).toBe(SPEC);
  expect(new DeviceRegistry([path]).problems).toEqual([expect.stringMatching(/bad\.json: /)]);
  expect(new DeviceRegistry([join(root, "nowhere")]).problems).toEqual([]);
});

test.each([
  [{}, "cdiVersion is missing or unknown"],
  [{ cdiVersion: "0.6.0", kind: "nothing" }, 'kind "nothing" is not vendor/class'],
  [{ cdiVersion: "0.6.0", kind: "a/b" }, "it has no devices"],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: [{ name: "-" }] }, 'device name "-" is invalid'],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: [{ name: "x" }, { name: "x" }] }, "two devices have one name"],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: {} }, "devices is not a list"],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: [{ name: "x", containerEdits: { env: ["novalue"] } }] }, 'environment variable "novalue" is invalid'],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: [{ name: "x", containerEdits: { mounts: [{ hostPath: "x", containerPath: "/y" }] } }] }, "hostPath is not an absolute path"],
  [{ cdiVersion: "0.6.0", kind: "a/b", devices: [{ name: "x", containerEdits: { additionalGids: [-1] } }] }, "additionalGids is not a number of the kernel's"],
  [[], "the file is not a mapping"],
])("%j is no specification", (value, reason) => {
  expect(() => parseDeviceSpec(value)).toThrow(reason);
});
