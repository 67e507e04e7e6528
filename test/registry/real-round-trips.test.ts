/**
 * Images on their way between our engine, docker, podman and skopeo, by way of our registry and of docker-registry: what arrives is what left.
 * Set PEER_BOX as for real-clients.test.ts. Engine and box have networks of their own: each registry runs twice on one folder, once in either.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { BUSYBOX, HAKO, Live, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { box, boxProcess, inBox } from "./peer-box.ts";

const PLAIN = "--tls-verify=false";
const OURS = "127.0.0.1:5883";
const THEIRS = "127.0.0.1:5884";

// Without the others there is nobody to exchange images with.
describe.skipIf(box === undefined)("round trips", () => {
  const root = scratchFolder();
  const theirRoot = `/tmp/round-trips-${process.pid}`;
  const servers: Live[] = [];
  let engine: TestEngine;

  async function serveBoth(): Promise<void> {
    const networks = [`/proc/${boxProcess()}/ns/net`, `/proc/${engine.networkHolder}/ns/net`];
    const config = `version: 0.1\nstorage: {filesystem: {rootdirectory: ${theirRoot}/content}}\nhttp: {addr: ${THEIRS}}\nlog: {accesslog: {disabled: true}}\n`;
    await inBox(`mkdir -p ${theirRoot} && printf '%s' '${config}' >${theirRoot}/config.yml`);
    for (const net of networks) {
      const ours = Live.spawn(["nsenter", `--net=${net}`, "--", HAKO, "registry", "serve", "--access-log", "none", "--addr", OURS, "--root", `${root}/ours`, "--ready-fd", "1"]);
      servers.push(ours);
      await ours.until(/^ready$/m);
      const theirs = Live.spawn(["nsenter", `--mount=/proc/${boxProcess()}/ns/mnt`, `--net=${net}`, "--", "docker-registry", "serve", `${theirRoot}/config.yml`]);
      servers.push(theirs);
      await theirs.until("listening on");
    }
  }

  beforeAll(async () => {
    engine = await startEngine();
    await serveBoth();
  }, 120_000);
  afterAll(async () => {
    const names = [OURS, THEIRS].flatMap((registry) => ["hako", "docker", "podman", "skopeo"].map((name) => `${registry}/trips/${name}:1`)).join(" ");
    await inBox(`docker rmi -f ${names} >/dev/null 2>&1; podman rmi -f ${names} >/dev/null 2>&1; rm -rf ${theirRoot}; true`);
    for (const server of servers) {
      server.signal("SIGKILL");
      await server.exited;
    }
    await engine[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });

  const digestIn = async (name: string): Promise<string> => await inBox(`skopeo inspect ${PLAIN} --format '{{.Digest}}' docker://${name}`);
  const ourDigest = async (name: string): Promise<string> => /Digest: (sha256:[0-9a-f]{64})/.exec(await engine.ok("pull", name))?.[1] ?? "";
  const ourID = async (name: string): Promise<string> => await engine.ok("images", "-q", "--no-trunc", name);

  for (const [registry, kind] of [[OURS, "our registry"], [THEIRS, "docker-registry"]] as const) {
    test(`from our engine by ${kind} to docker, podman and skopeo`, async () => {
      const name = `${registry}/trips/hako:1`;
      await engine.ok("tag", BUSYBOX, name);
      const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await engine.ok("push", name))?.[1] ?? "";
      expect(await digestIn(name)).toBe(digest);
      expect(await inBox(`docker pull ${name}`)).toContain(`Digest: ${digest}`);
      expect(await inBox(`docker image inspect -f '{{.Id}}' ${name}`)).toBe(await ourID(name));
      await inBox(`podman pull -q ${PLAIN} ${name}`);
      expect(await inBox(`podman image inspect -f '{{.Id}} {{.Digest}}' ${name}`)).toBe(`${(await ourID(name)).slice("sha256:".length)} ${digest}`);
      await inBox(`docker run --rm --network none ${name} true`);
    }, 120_000);

    test(`from docker, podman and skopeo by ${kind} to our engine`, async () => {
      const [docker, podman, skopeo] = ["docker", "podman", "skopeo"].map((each) => `${registry}/trips/${each}:1`) as [string, string, string];
      await inBox(`docker tag busybox ${docker} && docker push -q ${docker}`);
      await inBox(`podman pull -q ${PLAIN} ${docker} && podman tag ${docker} ${podman} && podman push -q ${PLAIN} ${podman}`);
      await inBox(`skopeo copy -q --format oci --dest-compress-format zstd --dest-force-compress-format --src-tls-verify=false --dest-tls-verify=false docker://${docker} docker://${skopeo}`);
      const id = await inBox("docker image inspect -f '{{.Id}}' busybox");
      for (const name of [docker, podman, skopeo]) expect(await ourDigest(name)).toBe(await digestIn(name));
      expect(await ourID(docker)).toBe(id);
      for (const name of [docker, podman, skopeo]) expect(await engine.ok("run", "--rm", "--network", "none", name, "echo", "arrived")).toBe("arrived");
      // What came first is what goes on, to the byte; images of one id are one image here.
      const again = `${registry}/trips/again:1`;
      await engine.ok("tag", docker, again);
      await engine.ok("push", again);
      expect(await digestIn(again)).toBe(await digestIn(docker));
    }, 120_000);
  }

  test("what one engine saves the other loads, in both directions", async () => {
    const folder = `${theirRoot}/archives`;
    await inBox(`mkdir -p ${folder} && docker save -o ${folder}/docker.tar busybox && skopeo copy -q docker-archive:${folder}/docker.tar oci-archive:${folder}/oci.tar:skopeo:1`);
    const at = (name: string): string => `/proc/${boxProcess()}/root${folder}/${name}`;
    const id = await inBox("docker image inspect -f '{{.Id}}' busybox");
    expect(await engine.ok("load", "-i", at("docker.tar"))).toContain("Loaded image: busybox:latest");
    expect(await ourID("busybox:latest")).toBe(id);
    await engine.ok("load", "-i", at("oci.tar"));
    await engine.ok("tag", "busybox:latest", "trips-saved:1");
    await engine.ok("save", "-o", at("ours.tar"), "trips-saved:1");
    expect(await inBox(`docker load -q -i ${folder}/ours.tar && docker image inspect -f '{{.Id}}' trips-saved:1 && docker rmi trips-saved:1 >/dev/null`)).toContain(id);
    expect(await inBox(`podman load -q -i ${folder}/ours.tar && podman rmi -f localhost/trips-saved:1 docker.io/library/trips-saved:1 2>&1; true`)).toContain("trips-saved:1");
    expect(await inBox(`skopeo inspect --format '{{.Digest}}' oci-archive:${folder}/ours.tar`)).toStartWith("sha256:");
  }, 120_000);
});
