import { describe, expect, test } from "bun:test";
import { draw } from "../../src/cli/explain/draw.ts";
import { instructionOf, stepsOf, type ContainerPicture, type ImagePicture } from "../../src/cli/explain/picture.ts";
import { LANGUAGES, languageOf, wordsOf } from "../../src/cli/explain/words.ts";

const image: ImagePicture = {
  kind: "image",
  id: "sha256:0123456789abcdef",
  names: ["site:1"],
  platform: "linux/amd64",
  sizeBytes: 3_000_000,
  steps: [{ sizeBytes: 0, instruction: 'CMD ["serve"]' }, { layer: 2, sizeBytes: 1_000_000, instruction: "COPY site /srv" }, { layer: 1, sizeBytes: 2_000_000, instruction: "ADD root.tar /" }],
  settings: { entrypoint: [], cmd: ["serve"], user: "root", workingDir: "/", env: ["PATH=/bin"], ports: ["80/tcp"], volumes: [] },
};

const container: ContainerPicture = {
  kind: "container",
  id: "c".repeat(64),
  name: "web",
  image,
  imageName: "site:1",
  state: { status: "running", exitCode: 0, oomKilled: false, pid: 4321, startedAt: "", finishedAt: "", health: undefined },
  writable: { sizeBytes: 5, folder: "/data/1/fs", added: 9, changed: 1, deleted: 0, changes: [{ Kind: 0, Path: "/tmp" }, ...Array.from({ length: 9 }, (_, at) => ({ Kind: 1, Path: `/tmp/${at}` }))] },
  process: { command: ["serve", "-v"], user: "root", workingDir: "/srv" },
  namespaces: { pid: "own", mount: "own", network: "own", ipc: `container:${"d".repeat(64)}`, uts: "host", cgroup: "own", user: "host" },
  privileges: { privileged: false, added: ["NET_ADMIN"], dropped: [], seccomp: "default", noNewPrivileges: true, readOnlyRoot: false },
  limits: { memoryBytes: 64 << 20, memoryAndSwapBytes: 0, cpus: 0.5, cpuSet: "", cpuShares: 0, pids: 0 },
  mounts: [{ type: "volume", source: "data", target: "/srv/data", writable: true, removedWithContainer: false }],
  networks: [{ name: "bridge", address: "172.17.0.2", gateway: "172.17.0.1" }],
  ports: [],
  log: { driver: "json-file" },
  restart: "no",
  autoRemove: false,
};

describe("explain", () => {
  test("the layers are numbered from below, and settings are told from layers", () => {
    const history = [{ CreatedBy: 'CMD ["a"]' }, { CreatedBy: "COPY empty /x # buildkit", Size: 0 }, { CreatedBy: "/bin/sh -c #(nop) ENV A=b" }, { CreatedBy: "", Comment: "Imported from -", Size: 7 }];
    expect(stepsOf(history as never, 2)).toEqual([
      { sizeBytes: 0, instruction: 'CMD ["a"]' },
      { layer: 2, sizeBytes: 0, instruction: "COPY empty /x" },
      { sizeBytes: 0, instruction: "ENV A=b" },
      { layer: 1, sizeBytes: 7, instruction: "Imported from -" },
    ]);
  });

  test("an instruction is shown as the Dockerfile had it", () => {
    expect(instructionOf("/bin/sh -c apt-get update")).toBe("RUN apt-get update");
    expect(instructionOf("RUN /bin/sh -c make # buildkit")).toBe("RUN make");
    expect(instructionOf('/bin/sh -c #(nop)  CMD ["sh"]')).toBe('CMD ["sh"]');
  });

  test("a container, in English", () => {
    expect(draw(container, wordsOf("en")).split("\n")).toEqual([
      "web is a container of the image site:1.",
      "It runs: its first process is number 4321 on the host, and number 1 inside.",
      "",
      "┌ writable layer  5B  (its own; gone with the container)",
      "│   9 added, 1 changed, 0 deleted",
      "│     C /tmp",
      ...Array.from({ length: 7 }, (_, at) => `│     A /tmp/${at}`),
      "│     and 2 more: hako diff web",
      "│   on the host: /data/1/fs",
      "├ read-only layers of site:1  3MB  (kept once, shared by all its containers)",
      '│                 CMD ["serve"]  (a setting, no files)',
      "│    2       1MB  COPY site /srv",
      "│    1       2MB  ADD root.tar /",
      "└",
      "",
      "Process     serve -v, as root, in /srv",
      "Isolation   has its own view of: pid, mount, network, cgroup",
      "            shares with the container dddddddddddd: ipc",
      "            shares with the host: uts, user",
      "Privileges  the default part of root's capabilities, and NET_ADMIN",
      "            risky system calls are filtered (the default seccomp profile)",
      "            programs cannot gain privileges (no-new-privileges)",
      "Limits      memory 64MiB, 0.5 processors",
      "Mounts      /srv/data ← data (volume, read and write; stays when the container goes)",
      "Network     bridge: address 172.17.0.2, out through 172.17.0.1",
      "Log         kept by the driver json-file: hako logs web",
      "Its end     when its first process ends it stays stopped",
      "            hako rm web removes it, with its writable layer and log",
      "",
    ]);
  });

  test("every language aligns its labels and says the same facts", () => {
    for (const language of LANGUAGES) {
      const lines = draw(container, wordsOf(language)).split("\n");
      const log = lines.find((line) => line.includes("hako logs web")) ?? "";
      const address = lines.find((line) => line.includes("172.17.0.2")) ?? "";
      for (const fact of ["4321", "site:1", "serve -v", "NET_ADMIN", "64MiB", "/srv/data", "hako rm web"]) expect(lines.join("\n")).toContain(fact);
      const column = (line: string): number => Bun.stringWidth(line.slice(0, line.search(/\s{2,}\S/))) + (/\s{2,}/.exec(line)?.[0].length ?? 0);
      expect(column(log)).toBe(column(address));
    }
  });

  test("names cannot move the cursor", () => {
    expect(draw({ ...image, names: ["a\u001b[2Jb"] }, wordsOf("en"))).toContain("a?[2Jb is an image");
  });

  test("the language is the locale's", () => {
    expect(languageOf({ LANG: "ja_JP.UTF-8" })).toBe("ja");
    expect(languageOf({ LC_ALL: "C", LANG: "ja_JP.UTF-8" })).toBe("en");
    expect(languageOf({})).toBe("en");
  });
});
