/**
 * Our registry server with the clients that people use: docker, podman, skopeo and buildah push and pull, directly and through
 * a cache, with equal digests. Set PEER_BOX to a program that runs `sh COMMAND` where all of them are.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { HAKO, Live } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { box, boxProcess, inBox } from "./peer-box.ts";

const ADDRESS = "127.0.0.1:5881";
const CACHE = "127.0.0.1:5882";
const TOKENS = "127.0.0.1:5885";
const PLAIN = "--tls-verify=false";

if (box === undefined) {
  test.skip("real clients with our registry (set PEER_BOX to the program of a box that has them)", () => {});
} else {
  describe("real clients with our registry", () => {
    const root = scratchFolder();
    const servers: Live[] = [];
    const repository = `${ADDRESS}/clients`;
    const digests = new Map<string, string>();

    beforeAll(async () => {
      const inNetwork = ["nsenter", `--net=/proc/${boxProcess()}/ns/net`, "--", HAKO, "registry", "serve", "--access-log", "none", "--ready-fd", "1"];
      mkdirSync(root, { recursive: true });
      writeFileSync(`${root}/users`, `anna:${await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })}\n`);
      writeFileSync(`${root}/rules`, "anna ** pull,push\n@anonymous public/** pull\n");
      const tokens = ["--addr", TOKENS, "--root", `${root}/tokens`, "--tokens", "--htpasswd", `${root}/users`, "--rules", `${root}/rules`];
      for (const flags of [tokens, ["--addr", ADDRESS, "--root", `${root}/one`], ["--addr", CACHE, "--root", `${root}/cache`, "--proxy", `http://${ADDRESS}`]]) {
        const server = Live.spawn([...inNetwork, ...flags]);
        servers.push(server);
        await server.until(/^ready$/m);
      }
      await inBox(`docker tag busybox ${repository}/docker:1 && docker push -q ${repository}/docker:1`);
    });
    afterAll(async () => {
      await inBox(`docker rmi -f ${repository}/docker:1 ${repository}/skopeo:1 ${CACHE}/clients/docker:1 >/dev/null 2>&1; podman rmi -f ${repository}/docker:1 ${repository}/podman:1 ${CACHE}/clients/docker:1 >/dev/null 2>&1; true`);
      for (const server of servers) {
        server.signal("SIGTERM");
        await server.exited;
      }
      rmSync(root, { recursive: true, force: true });
    });

    const remoteDigest = async (name: string): Promise<string> => await inBox(`skopeo inspect ${PLAIN} --format '{{.Digest}}' docker://${name}`);

    test("docker pushes and pulls", async () => {
      const digest = await remoteDigest(`${repository}/docker:1`);
      digests.set("docker", digest);
      await inBox(`docker rmi ${repository}/docker:1`);
      expect(await inBox(`docker pull ${repository}/docker:1`)).toContain(`Digest: ${digest}`);
    }, 120_000);

    test("skopeo copies there and back, with the same digest", async () => {
      await inBox(`skopeo copy -q --src-tls-verify=false --dest-tls-verify=false docker://${repository}/docker:1 docker://${repository}/skopeo:1`);
      expect(await remoteDigest(`${repository}/skopeo:1`)).toBe(digests.get("docker") ?? "");
      await inBox(`d=$(mktemp -d) && skopeo copy -q --src-tls-verify=false docker://${repository}/skopeo:1 dir:$d && sha256sum $d/manifest.json | grep -q ${(digests.get("docker") ?? "").slice(7)}; c=$?; rm -rf $d; exit $c`);
      expect(JSON.parse(await inBox(`skopeo list-tags ${PLAIN} docker://${repository}/skopeo`))).toMatchObject({ Tags: ["1"] });
    }, 120_000);

    test("skopeo pushes OCI with zstd layers, and deletes", async () => {
      await inBox(`skopeo copy -q --format oci --dest-compress-format zstd --dest-force-compress-format --src-tls-verify=false --dest-tls-verify=false docker://${repository}/docker:1 docker://${repository}/oci:1`);
      expect(await inBox(`skopeo inspect --raw ${PLAIN} docker://${repository}/oci:1`)).toContain("application/vnd.oci.image.layer.v1.tar+zstd");
      await inBox(`skopeo delete ${PLAIN} docker://${repository}/oci:1`);
      expect(JSON.parse(await inBox(`skopeo list-tags ${PLAIN} docker://${repository}/oci`))).toMatchObject({ Tags: [] });
    }, 120_000);

    test("podman pulls what docker pushed, and pushes", async () => {
      await inBox(`podman pull -q ${PLAIN} ${repository}/docker:1 && podman tag ${repository}/docker:1 ${repository}/podman:1 && podman push -q ${PLAIN} ${repository}/podman:1`);
      expect(await remoteDigest(`${repository}/podman:1`)).toStartWith("sha256:");
    }, 120_000);

    test("buildah pushes a list of platforms", async () => {
      await inBox(`buildah manifest create rs-list-${process.pid} && buildah manifest add ${PLAIN} rs-list-${process.pid} docker://${repository}/docker:1 && buildah manifest push ${PLAIN} --all rs-list-${process.pid} docker://${repository}/list:1; c=$?; buildah manifest rm rs-list-${process.pid} >/dev/null; exit $c`);
      expect(await inBox(`skopeo inspect --raw ${PLAIN} docker://${repository}/list:1`)).toContain("manifests");
    }, 120_000);

    test("docker and podman pull through the cache, with the same digest", async () => {
      expect(await inBox(`docker pull ${CACHE}/clients/docker:1`)).toContain(`Digest: ${digests.get("docker")}`);
      await inBox(`podman pull -q ${PLAIN} ${CACHE}/clients/docker:1`);
      expect(await remoteDigest(`${CACHE}/clients/docker:1`)).toBe(digests.get("docker") ?? "");
    }, 120_000);

    test("with its own tokens, docker pulls what everybody may without logging in, and pushes when it has", async () => {
      await inBox(`docker tag busybox ${TOKENS}/public/app:1 && docker push ${TOKENS}/public/app:1 2>&1 && exit 1; true`);
      const config = (await inBox("mktemp -d")).trim();
      try {
        await inBox(`echo secret | docker --config ${config} login -u anna --password-stdin ${TOKENS} && docker --config ${config} push -q ${TOKENS}/public/app:1 && docker --config ${config} push -q ${TOKENS}/public/app:1`);
        await inBox(`docker rmi ${TOKENS}/public/app:1 && docker pull -q ${TOKENS}/public/app:1`);
        await inBox(`podman pull -q ${PLAIN} ${TOKENS}/public/app:1 && podman rmi ${TOKENS}/public/app:1`);
        await inBox(`skopeo copy -q --src-tls-verify=false --dest-tls-verify=false --dest-creds anna:secret docker://${TOKENS}/public/app:1 docker://${TOKENS}/team/app:1`);
        expect(await inBox(`docker pull ${TOKENS}/team/app:1 2>&1; true`)).toContain("denied");
      } finally {
        await inBox(`docker rmi -f ${TOKENS}/public/app:1 >/dev/null 2>&1; rm -rf ${config}`);
      }
    }, 120_000);

    test("docker search finds what is there", async () => {
      expect(await inBox(`docker search ${ADDRESS}/docker`)).toContain("clients/docker");
    }, 120_000);
  });
}
