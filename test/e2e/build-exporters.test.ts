/** Where a build's result goes, and what goes along with it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rpmDatabase } from "../build/rpm-database.ts";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";

const REGISTRY = "127.0.0.1:5000";
const folder = mkdtempSync("/tmp/hk-exporters-");
let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok("registry", "start");
  writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX} AS run\nRUN echo one > /one\nCOPY f /f\nFROM scratch AS files\nARG TARGETARCH\nCOPY f /in/$TARGETARCH\n`);
  writeFileSync(join(folder, "f"), "content\n");
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine.ok("registry", "stop");
  await engine[Symbol.asyncDispose]();
}, 120_000);

const build = (...args: string[]): Promise<string> => engine.ok("build", "-q", ...args, folder);
const pruneAll = async (): Promise<void> => {
  await engine.ok("image", "prune", "-f");
  await engine.api("POST", "/build/prune?all=true");
};

test("a folder, an archive, an OCI layout", async () => {
  await build("--target", "files", "-o", join(folder, "out"));
  const [architecture = ""] = readdirSync(join(folder, "out/in"));
  expect(readFileSync(join(folder, "out/in", architecture), "utf8")).toBe("content\n");
  await build("--target", "files", "-o", `type=tar,dest=${join(folder, "out.tar")}`);
  expect((await run(["tar", "-tf", join(folder, "out.tar")])).stdout).toContain(`in/${architecture}`);
  await build("--target", "run", "-t", "named:1", "-o", `type=docker,dest=${join(folder, "image.tar")}`);
  expect((await engine.hako("image", "inspect", "named:1")).code).toBe(1);
  expect(await engine.ok("load", "-i", join(folder, "image.tar"))).toContain("Loaded image: named:1");
  expect(await engine.ok("run", "--rm", "named:1", "cat", "/one", "/f")).toBe("one\ncontent");
});

test("files of several platforms are in a folder for each", async () => {
  const platforms = ["--target", "files", "--platform", "linux/amd64,linux/arm64"];
  await build(...platforms, "-o", join(folder, "split"));
  expect(["amd64", "arm64"].map((name) => readFileSync(join(folder, `split/linux_${name}/in/${name}`), "utf8"))).toEqual(["content\n", "content\n"]);
  await build(...platforms, "-o", `type=tar,dest=${join(folder, "split.tar")}`);
  expect((await run(["tar", "-tf", join(folder, "split.tar")])).stdout.split("\n").filter(Boolean)).toEqual(["linux_amd64/", "linux_amd64/in/", "linux_amd64/in/amd64", "linux_arm64/", "linux_arm64/in/", "linux_arm64/in/arm64"]);
  await build(...platforms, "-o", `type=local,platform-split=false,dest=${join(folder, "together")}`);
  expect(readdirSync(join(folder, "together/in")).sort()).toEqual(["amd64", "arm64"]);
  await build(...platforms, "-t", "both:2", "-o", `type=oci,dest=${join(folder, "index.tar")}`);
  await run(["sh", "-c", `mkdir ${join(folder, "index")} && tar -C ${join(folder, "index")} -xf ${join(folder, "index.tar")}`]);
  const { manifests } = JSON.parse(readFileSync(join(folder, "index/index.json"), "utf8")) as { manifests: { mediaType: string; digest: string }[] };
  expect(manifests.map(({ mediaType }) => mediaType)).toEqual(["application/vnd.oci.image.index.v1+json"]);
  const inner = JSON.parse(readFileSync(join(folder, "index/blobs", manifests[0]?.digest.replace(":", "/") ?? ""), "utf8")) as { manifests: { platform: { architecture: string } }[] };
  expect(inner.manifests.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
});

test("several platforms make one index, which is saved and loaded whole", async () => {
  await build("--target", "files", "--platform", "linux/amd64,linux/arm64", "-t", "both:1");
  const architectureOf = async (platform: string): Promise<string> => await engine.ok("image", "inspect", "--platform", platform, "--format", "{{.Architecture}}", "both:1");
  const shown = async (): Promise<string[]> => [await architectureOf("linux/amd64"), await architectureOf("linux/arm64")];
  expect(await shown()).toEqual(["amd64", "arm64"]);
  await engine.ok("save", "-o", join(folder, "both.tar"), "both:1");
  await engine.ok("image", "rm", "both:1");
  await engine.ok("load", "-i", join(folder, "both.tar"));
  expect(await shown()).toEqual(["amd64", "arm64"]);
});

test("provenance is a statement about the manifest", async () => {
  await build("--target", "files", "--attest", "type=provenance,mode=max", "-t", "attested:1", "-o", `type=oci,dest=${join(folder, "attested.tar")}`);
  const layout = join(folder, "attested");
  await run(["sh", "-c", `mkdir ${layout} && tar -C ${layout} -xf ${layout}.tar`]);
  const blob = (digest: string): Record<string, unknown> => JSON.parse(readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8")) as Record<string, unknown>;
  const [{ digest: index = "" } = {}] = (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] }).manifests;
  const [image, attestation] = blob(index)["manifests"] as { digest: string; annotations: Record<string, string> }[];
  expect(attestation?.annotations).toEqual({ "vnd.docker.reference.digest": image?.digest ?? "", "vnd.docker.reference.type": "attestation-manifest" });
  const [statement] = blob(attestation?.digest ?? "")["layers"] as { digest: string }[];
  expect(blob(statement?.digest ?? "")).toMatchObject({
    predicateType: "https://slsa.dev/provenance/v0.2",
    subject: [{ digest: { sha256: image?.digest.slice("sha256:".length) } }],
    predicate: { buildType: "https://mobyproject.org/buildkit@v1", invocation: { configSource: { entryPoint: "Dockerfile" }, parameters: { frontend: "dockerfile.v0", args: { target: "files" } } } },
  });
});

test("a list of packages and provenance of version 1 are statements too", async () => {
  writeFileSync(join(folder, "Listed"), `FROM ${BUSYBOX}\nCOPY <<EOF /var/lib/dpkg/status\nPackage: tool\nStatus: install ok installed\nVersion: 1:2.0-1\nArchitecture: all\nEOF\nCOPY rpmdb.sqlite /var/lib/rpm/\nCOPY <<EOF /etc/os-release\nID=debian\nVERSION_ID=12\nEOF\n`);
  writeFileSync(join(folder, "rpmdb.sqlite"), rpmDatabase(folder, [{ name: "perl", version: "5.38-1", epoch: 4 }]));
  const layout = join(folder, "listed");
  await build("-f", join(folder, "Listed"), "--sbom=true", "--provenance=mode=max,version=v1", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", "-t", "listed:1", "-o", `type=oci,tar=false,dest=${layout}`);
  const blob = (digest = ""): Record<string, unknown> => JSON.parse(readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8")) as Record<string, unknown>;
  const [index] = (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] }).manifests;
  const [image, attestation] = blob(index?.digest)["manifests"] as { digest: string }[];
  const statements = blob(attestation?.digest)["layers"] as { digest: string; annotations: Record<string, string> }[];
  expect(statements.map(({ annotations }) => annotations["in-toto.io/predicate-type"])).toEqual(["https://spdx.dev/Document", "https://slsa.dev/provenance/v1"]);
  const [sbom, provenance] = statements.map(({ digest }) => blob(digest));
  const subject = [{ digest: { sha256: image?.digest.slice("sha256:".length) } }];
  expect(sbom).toMatchObject({ subject, predicate: { spdxVersion: "SPDX-2.3", SPDXID: "SPDXRef-DOCUMENT", creationInfo: { created: "2001-09-09T01:46:40Z" } } });
  const { packages } = sbom?.["predicate"] as { packages: { name: string; versionInfo?: string; externalRefs?: { referenceLocator: string }[] }[] };
  expect(packages.map(({ name, versionInfo, externalRefs }) => [name, versionInfo, externalRefs?.[0]?.referenceLocator]).slice(1)).toEqual([["tool", "1:2.0-1", "pkg:deb/debian/tool@1%3A2.0-1?arch=all&distro=debian-12"], ["perl", "4:5.38-1", "pkg:rpm/debian/perl@5.38-1?arch=x86_64&distro=debian-12&epoch=4"]]);
  expect(provenance).toMatchObject({ subject, predicate: { buildDefinition: { externalParameters: { configSource: { path: "Listed" }, request: { frontend: "dockerfile.v0" } } }, runDetails: { metadata: { buildkit_completeness: { request: true } } } } });
  expect((await engine.hako("build", "--sbom=generator=example/scanner", folder)).stderr).toContain("the scanner example/scanner cannot be run: this engine lists packages itself");
}, 120_000);

test("a base that is for another platform only is taken with a warning", async () => {
  const ref = `${REGISTRY}/foreign:1`;
  const other = process.arch === "arm64" ? "amd64" : "arm64";
  await build("--platform", `linux/${other}`, "--target", "files", "-t", ref, "--push");
  await engine.ok("image", "rm", "-f", ref);
  writeFileSync(join(folder, "Foreign"), `FROM ${ref}\nCOPY f /g\n`);
  const { code, stdout } = await engine.hako("build", "--check", "-f", join(folder, "Foreign"), folder);
  expect(code).toBe(1);
  expect(stdout).toContain(`WARNING: InvalidBaseImagePlatform\nBase image ${ref} was pulled with platform "linux/${other}", expected "linux/${process.arch === "arm64" ? "arm64" : "amd64"}" for current build\n`);
  await build("-f", join(folder, "Foreign"), "-t", "onforeign");
}, 120_000);

test("steps go along with an image that is pushed, and are known again where it is pulled", async () => {
  const [image, cache] = [`${REGISTRY}/steps:1`, `${REGISTRY}/steps:cache`];
  await build("--target", "run", "-t", image, "--cache-to", "type=inline", "--push");
  await build("--target", "run", "--cache-to", `type=registry,ref=${cache}`);
  for (const ref of [image, cache]) {
    await engine.hako("image", "rm", "-f", image);
    await pruneAll();
    const { stderr } = await engine.hako("build", "--progress", "plain", "--target", "run", "--cache-from", `type=registry,ref=${ref}`, folder);
    expect(stderr).toMatch(/RUN echo one > \/one\n#\d+ CACHED/);
    expect(stderr).toMatch(/COPY f \/f\n#\d+ CACHED/);
  }
  const { code, stderr } = await engine.hako("build", "--progress", "plain", "--target", "run", "--cache-from", `type=registry,ref=${REGISTRY}/steps:none`, folder);
  expect([code, /importing cache manifest from .*:none\n#\d+ ERROR/.test(stderr)]).toEqual([0, true]);
}, 120_000);
