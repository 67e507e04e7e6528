/** The graph of a Dockerfile: names of steps, history and config as BuildKit of Docker Engine 28.5 gives them. */
import { expect, test } from "bun:test";
import { stepSettings } from "../../src/build/settings.ts";
import { parseDockerfile } from "../../src/dockerfile/mod.ts";
import { convert, type Target } from "../../src/build/frontend/convert.ts";
import type { BaseImage, SourceFinder } from "../../src/build/frontend/sources.ts";
import { makeVertex } from "../../src/build/graph/make-vertex.ts";
import type { Vertex } from "../../src/build/graph/vertex.ts";
import { DEFAULT_BUILD_REQUEST, type BuildRequest, type Digest } from "../../src/spec/mod.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const BUSYBOX_ID = `sha256:${"b".repeat(64)}` as Digest;

interface Converted extends Target {
  readonly asked: readonly string[];
}

async function converted(text: string, request: Partial<BuildRequest> = {}, base: BaseImage["config"]["config"] = {}): Promise<Converted> {
  const asked: string[] = [];
  const sources: SourceFinder = {
    image: async (ref) => {
      asked.push(ref);
      return { id: BUSYBOX_ID, name: `docker.io/library/${ref}:latest`, digest: undefined, config: { architecture: "amd64", os: "linux", config: base, rootfs: { type: "layers", diff_ids: [] }, history: [{ created: "2026-01-01T00:00:00Z", comment: "Imported from -" }] } };
    },
    context: async () => makeVertex({ kind: "local", name: "context", ignore: [] }, [], { name: "[internal] load build context" }),
    named: async () => undefined,
    git: async () => "0".repeat(40),
    http: async () => "validator",
  };
  const target = await convert({ file: parseDockerfile(text), request: { ...DEFAULT_BUILD_REQUEST, ...request }, platform: PLATFORM, severalPlatforms: false, sources, created: undefined });
  return { ...target, asked };
}

/** Inputs before those who need them. */
function namesOf(vertex: Vertex | undefined, seen = new Map<string, string>()): string[] {
  if (!vertex || seen.has(vertex.digest)) return [];
  for (const input of vertex.inputs) namesOf(input, seen);
  seen.set(vertex.digest, vertex.name);
  return [...seen.values()];
}

const createdBy = ({ config }: Target): (string | undefined)[] => (config.history ?? []).slice(1).map((entry) => entry.created_by);

const EVERYTHING = String.raw`ARG G=glob
FROM busybox AS one
MAINTAINER me <a@b>
ARG A=1
ARG B
ARG G
ENV X=a Y="b c"
ENV Z old style
ARG X=fromarg
RUN echo x=$X a=$A b=$B g=$G
LABEL l1=v1 "l2"="v 2"
EXPOSE 80 443/udp 8000-8001
USER 1000:1000
WORKDIR /w
WORKDIR sub
WORKDIR /tmp
USER 0
COPY f1 /x/
ADD t.tgz /un/
COPY <<EOT /here
content $A
EOT
RUN <<EOT
echo one
echo two
EOT
RUN <<EOT
#!/bin/sh
echo shebang
EOT
RUN ["echo","a b"]
VOLUME /data /d2
VOLUME ["/d3"]
SHELL ["/bin/sh","-x","-c"]
RUN --mount=type=cache,target=/c echo sh
STOPSIGNAL SIGUSR1
ONBUILD RUN echo onb
ENTRYPOINT ["a","b"]
CMD echo hi
FROM one
RUN echo fin
COPY --from=one /here /there
`;

test("steps are named, and told in the history, as BuildKit does", async () => {
  const target = await converted(EVERYTHING, { buildArgs: { B: "bb" }, labels: { q: "r" } });
  expect(namesOf(target.vertex)).toEqual([
    "[one  1/12] FROM docker.io/library/busybox:latest",
    "[one  2/12] RUN echo x=fromarg a=1 b=bb g=glob",
    "[one  3/12] WORKDIR /w",
    "[one  4/12] WORKDIR sub",
    "[one  5/12] WORKDIR /tmp",
    "[internal] load build context",
    "[one  6/12] COPY f1 /x/",
    "[one  7/12] ADD t.tgz /un/",
    "[internal] preparing inline document",
    "[one  8/12] COPY <<EOT /here",
    "[one  9/12] RUN <<EOT (echo one...)",
    "[internal] preparing inline document",
    "[one 10/12] RUN <<EOT (#!/bin/sh...)",
    '[one 11/12] RUN ["echo","a b"]',
    "[one 12/12] RUN --mount=type=cache,target=/c echo sh",
    "[stage-1 1/3] ONBUILD RUN echo onb",
    "[stage-1 2/3] RUN echo fin",
    "[stage-1 3/3] COPY --from=one /here /there",
  ]);
  expect(createdBy(target)).toEqual([
    "MAINTAINER me <a@b>",
    "ARG A=1",
    "ARG B=bb",
    "ARG G=glob",
    "ENV X=a Y=b c",
    "ENV Z=old style",
    "ARG X=fromarg",
    "RUN |4 A=1 B=bb G=glob X=fromarg /bin/sh -c echo x=$X a=$A b=$B g=$G # buildkit",
    "LABEL l1=v1 l2=v 2",
    "EXPOSE [443/udp 80/tcp 8000/tcp 8001/tcp]",
    "USER 1000:1000",
    "WORKDIR /w",
    "WORKDIR /w/sub",
    "WORKDIR /tmp",
    "USER 0",
    "COPY f1 /x/ # buildkit",
    "ADD t.tgz /un/ # buildkit",
    "COPY <<EOT /here # buildkit",
    "RUN |4 A=1 B=bb G=glob X=fromarg /bin/sh -c echo one\necho two\n # buildkit",
    "RUN |4 A=1 B=bb G=glob X=fromarg /bin/sh -c /dev/pipes/EOT # buildkit",
    "RUN |4 A=1 B=bb G=glob X=fromarg echo a b # buildkit",
    "VOLUME [/data /d2]",
    "VOLUME [/d3]",
    "SHELL [/bin/sh -x -c]",
    "RUN |4 A=1 B=bb G=glob X=fromarg /bin/sh -x -c echo sh # buildkit",
    "STOPSIGNAL SIGUSR1",
    'ENTRYPOINT ["a" "b"]',
    'CMD ["/bin/sh" "-x" "-c" "echo hi"]',
    "RUN |4 A=1 B=bb G=glob X=a /bin/sh -x -c echo onb # buildkit",
    "RUN |4 A=1 B=bb G=glob X=a /bin/sh -x -c echo fin # buildkit",
    "COPY /here /there # buildkit",
  ]);
  expect(target.config).toMatchObject({
    author: "me <a@b>",
    config: { Cmd: ["/bin/sh", "-x", "-c", "echo hi"], Entrypoint: ["a", "b"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "X=a", "Y=b c", "Z=old style"], Labels: { l1: "v1", l2: "v 2", q: "r" }, OnBuild: null, User: "0", WorkingDir: "/tmp", StopSignal: "SIGUSR1", ArgsEscaped: true },
  });
});

test("a step's environment has only the arguments that were declared before it", async () => {
  const target = await converted("FROM busybox\nRUN one\nARG A=1\nRUN two\n", { buildArgs: { A: "x" } }, { Env: ["PATH=/bin"] });
  const [one, two] = [target.vertex?.inputs[0], target.vertex].map((vertex) => vertex?.op);
  expect(one).toMatchObject({ kind: "run", env: ["PATH=/bin"] });
  expect(two).toMatchObject({ kind: "run", env: ["PATH=/bin", "A=x"] });
});

test("stages that nobody needs are left out, their images never looked up", async () => {
  const target = await converted("FROM other AS unused\nRUN never\nFROM busybox AS used\nRUN yes\n");
  expect(target.asked).toEqual(["busybox"]);
  expect(target.steps.map(({ text }) => text)).toEqual(["FROM busybox AS used", "RUN yes"]);
});

test("a base's ONBUILD triggers come first, and are not handed on", async () => {
  const target = await converted("FROM busybox\nRUN own\n", {}, { OnBuild: ["RUN trigger", "ENV T=1"] });
  expect(createdBy(target)).toEqual(["RUN /bin/sh -c trigger # buildkit", "ENV T=1", "RUN /bin/sh -c own # buildkit"]);
  expect(target.config.config?.OnBuild).toBeNull();
});

test("FROM scratch begins with BuildKit's defaults", async () => {
  const target = await converted("FROM scratch\nLABEL a=b\n");
  expect(target.vertex).toBeUndefined();
  expect(target.config.config).toMatchObject({ Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/", Labels: { a: "b" } });
});

test.each([
  ["FROM busybox AS a\nCOPY --from=b /a /b\nFROM a AS b\nCOPY --from=a /b /c\n", {}, "circular dependency detected on stage: a"],
  ["FROM busybox AS a\nCOPY --from=a /a /b\n", {}, "circular dependency detected on stage: a"],
  ["FROM busybox\nCOPY --from=3 /a /b\n", {}, "invalid stage index 3"],
  ["FROM busybox AS a\n", { target: "b" }, 'target stage "b" could not be found (did you mean a?)'],
  ["FROM $X\n", {}, "base name ($X) should not be blank"],
  ["FROM --platform=$FOO busybox\n", {}, "empty platform value from expression $FOO"],
  ["FROM --platform=foo/bar/baz/q busybox\n", {}, 'failed to parse platform foo/bar/baz/q: "foo/bar/baz/q": cannot parse platform specifier: invalid argument'],
  ["FROM busybox\nRUN --network=host true\n", {}, "failed to load LLB: network.host is not allowed"],
])("%j is refused", async (text, request, message) => {
  await expect(converted(text, request)).rejects.toThrow(message);
});

test("steps have a proxy under its name in either case", () => {
  const env = (buildArgs: Record<string, string>): readonly string[] => stepSettings({ ...DEFAULT_BUILD_REQUEST, buildArgs }).proxyEnv;
  expect(env({ HTTP_PROXY: "http://p", no_proxy: "a,b", OTHER: "x", FTP_PROXY: "" })).toEqual(["HTTP_PROXY=http://p", "http_proxy=http://p", "NO_PROXY=a,b", "no_proxy=a,b"]);
  expect(env({ HTTPS_PROXY: "one", https_proxy: "other" })).toEqual(["HTTPS_PROXY=one", "https_proxy=other"]);
});
