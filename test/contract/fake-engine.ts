/** An engine made of memory: what the transport's own tests need, and nothing that runs. */
import { EngineError, type ByteDuplex } from "../../src/base/mod.ts";
import type { Engine } from "../../src/api/mod.ts";

export interface Probe {
  /** What sessions have read from their clients. */
  readonly heard: string[];
  /** How many streams have noticed that their client left. */
  aborted: number;
  /** Ends every container: `wait` answers then. */
  exit(code: number): void;
  /** What the flood has got rid of. */
  floodBytes: number;
  /** Makes the next session fail in the middle. */
  failSession: boolean;
}

const frame = (text: string, stream = 1): Uint8Array => {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

/** Containers `web` (frames) and `term` (a terminal); `flood` never stops writing. */
export function fakeEngine(): { engine: Engine; probe: Probe } {
  const exited = Promise.withResolvers<{ StatusCode: number }>();
  const probe: Probe = { heard: [], aborted: 0, floodBytes: 0, failSession: false, exit: (code) => exited.resolve({ StatusCode: code }) };
  const known = (ref: string): string => {
    if (!["web", "term", "flood"].includes(ref)) throw new EngineError("NotFound", `No such container: ${ref}`);
    return ref;
  };
  const noImage = (ref: string): never => {
    throw new EngineError("NotFound", `No such image: ${ref.includes(":") ? ref : `${ref}:latest`}`);
  };
  const noBuild = (ref: string): never => {
    throw new EngineError("NotFound", `no build ${ref}`);
  };
  const noFile = (ref: string, path: string): never => {
    throw new EngineError("NotFound", `Could not find the file ${path} in container ${ref}`);
  };
  async function* text(words: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(words);
  }
  const knownExec = (id: string): string => {
    if (!["e-web", "e-detached"].includes(id)) throw new EngineError("NotFound", `No such exec instance: ${id}`);
    return id;
  };
  const session = (tty: boolean) => ({ tty, run: (duplex: ByteDuplex) => echo(duplex, tty) });
  const echo = async (duplex: ByteDuplex, tty: boolean): Promise<void> => {
    for await (const chunk of duplex.input) {
      if (probe.failSession) throw new Error("the session broke");
      const text = Buffer.from(chunk).toString();
      probe.heard.push(text);
      await duplex.write(tty ? Buffer.from(text) : frame(text));
    }
    // The client has ended its input: output goes on.
    await duplex.write(tty ? Buffer.from("bye") : frame("bye"));
  };

  const flood = async (duplex: ByteDuplex): Promise<void> => {
    const chunk = Buffer.alloc(256 * 1024, "x");
    try {
      for (;;) {
        await duplex.write(chunk);
        probe.floodBytes += chunk.length;
      }
    } catch {
      await duplex.closed;
      probe.aborted++;
    }
  };

  const parts: Partial<Engine> = {
    systemVersion: async () => ({ Version: "0.1.0", ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64", Components: [{ Name: "Engine", Version: "0.1.0" }] }),
    systemInfo: async () => ({ ID: "fake", Containers: 2, OSType: "linux" }),
    systemDf: async () => ({ LayersSize: 0, Images: [], Containers: [], Volumes: [], BuildCache: [] }),
    listContainers: async () => [{ Id: "web".padEnd(64, "0"), Names: ["/web"], Image: "busybox", Command: "sh", Created: 1, State: "running", Status: "Up 1 second", Ports: [], Labels: {}, Mounts: [] }],
    inspectContainer: async (ref) => ({ Id: known(ref), Name: `/${ref}`, Config: { Tty: ref === "term" } }),
    createContainer: async ({ body }) => noImage(body.Image ?? ""),
    startContainer: async (ref) => (known(ref) === "web" ? "alreadyStarted" : "started"),
    stopContainer: async (ref) => (known(ref), "stopped"),
    restartContainer: async (ref) => void known(ref),
    killContainer: async (ref) => void known(ref),
    pauseContainer: async (ref) => void known(ref),
    unpauseContainer: async (ref) => void known(ref),
    renameContainer: async (ref) => void known(ref),
    removeContainer: async (ref) => void known(ref),
    topContainer: async (ref) => (known(ref), { Titles: ["PID"], Processes: [["1"]] }),
    containerStats: (ref) => ({ kind: "once", text: Promise.resolve(`{"name":"/${known(ref)}"}\n`) }),
    updateContainer: async (ref) => (known(ref), { Warnings: null }),
    changeLabels: async (ref) => (known(ref), { Labels: {} }),
    resizeContainer: async (ref) => void known(ref),
    waitContainer: async (ref) => (known(ref), { result: exited.promise }),
    pruneContainers: async () => ({ ContainersDeleted: null, SpaceReclaimed: 0 }),
    attachContainer: async (ref) => (known(ref) === "flood" ? { tty: false, run: flood } : session(ref === "term")),
    statContainerPath: async (ref, path) => noFile(known(ref), path),
    readContainerPath: async (ref, path) => noFile(known(ref), path),
    writeContainerPath: async (ref, { path }) => noFile(known(ref), path),
    containerChanges: async (ref) => (known(ref), text("null\n")),
    exportContainer: async (ref) => (known(ref), { bytes: text(""), writeTo: async () => undefined }),
    commitContainer: async (ref) => ({ Id: known(ref) }),
    clearLogs: async (ref) => void known(ref),
    containerLogs: async (ref, options, signal) => ({ tty: known(ref) === "term", body: logs(ref, options.follow === true, signal) }),
    createExec: async (ref) => (known(ref), { Id: "e-web" }),
    startExec: async (id, { Detach }) => (knownExec(id), Detach ? undefined : session(false)),
    inspectExec: async (id) => ({ ID: knownExec(id) }),
    resizeExec: async (id) => void knownExec(id),
    listImages: async () => [{ Id: "sha256:0", RepoTags: ["busybox:latest"], Size: 7 }],
    inspectImage: async (ref) => noImage(ref),
    imageHistory: async (ref) => noImage(ref),
    tagImage: async (ref) => noImage(ref),
    removeImage: async (ref) => noImage(ref),
    pruneImages: async () => ({ ImagesDeleted: null, SpaceReclaimed: 0 }),
    loadImage: (body) => load(body),
    importImage: (body) => load(body),
    listVolumes: async () => ({ Volumes: [], Warnings: null }),
    inspectVolume: async (name) => {
      throw new EngineError("NotFound", `get ${name}: no such volume`);
    },
    listNetworks: async () => [],
    inspectNetwork: async (ref) => {
      throw new EngineError("NotFound", `network ${ref} not found`);
    },
    listBuilds: () => [],
    inspectBuild: (ref) => noBuild(ref),
    buildLogs: (ref) => noBuild(ref),
    removeBuild: (ref) => noBuild(ref),
    checkStore: async function* () {
      yield { summary: { damaged: 0 } };
    },
    events: (_options, signal) => happenings(signal),
  };

  async function* logs(ref: string, follow: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield frame("first line\n");
    if (ref === "flood") {
      const chunk = Buffer.alloc(256 * 1024, "x");
      while (!signal.aborted) yield chunk;
    } else if (follow) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    if (signal.aborted) probe.aborted++;
  }

  async function* happenings(signal: AbortSignal): AsyncGenerator<{ Type: string; Action: string }> {
    yield { Type: "container", Action: "create" };
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    probe.aborted++;
  }

  async function* load(body: AsyncIterable<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
    let size = 0;
    for await (const part of body) {
      if (size === 0 && part[0] === 0x21) throw new EngineError("InvalidParameter", "not an archive");
      size += part.length;
    }
    yield { stream: `${size} bytes\n` };
    if (size === 3) throw new EngineError("InvalidParameter", "unexpected EOF");
  }

  const engine = new Proxy(parts, {
    get: (target, name) => Reflect.get(target, name) ?? (async () => Promise.reject(new EngineError("NotImplemented", `the fake engine has no ${String(name)}`))),
  }) as Engine;
  return { engine, probe };
}
