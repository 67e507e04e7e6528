/** What a real `docker save` writes. Runs where DOCKER_PEER names the host of a Docker Engine, e.g. unix:///run/docker.sock. */
import { expect, test } from "bun:test";
import { layerOf, file } from "./archives.ts";
import { imageFixture } from "./fixture.ts";
import { join } from "node:path";

const peer = Bun.env["DOCKER_PEER"];
const name = `hk-real-${process.pid}:1`;

test.skipIf(peer === undefined)("load() takes what docker save wrote, with Docker's id, size and history", async () => {
  await using fixture = await imageFixture();
  const docker = ["docker", "-H", peer ?? ""];
  await Bun.write(join(fixture.dir, "root.tar"), layerOf(file("etc/os", "debian"), { kind: "directory", name: "empty/" }));
  try {
    const id = (await Bun.$`${docker} import -c ${"CMD sh"} -m made ${join(fixture.dir, "root.tar")} ${name}`.text()).trim();
    await Bun.$`${docker} save -o ${join(fixture.dir, "saved.tar")} ${name}`;
    await fixture.images.load(Bun.file(join(fixture.dir, "saved.tar")).stream(), () => {});
    const [theirs] = (await Bun.$`${docker} image inspect ${name}`.json()) as Record<string, unknown>[];
    const ours = fixture.images.inspect(name) as Record<string, unknown>;
    expect(ours["Id"]).toBe(id);
    for (const key of ["Id", "RepoTags", "RepoDigests", "Parent", "Comment", "Created", "DockerVersion", "Author", "Config", "Architecture", "Os", "Size", "RootFS"]) expect([key, ours[key]]).toEqual([key, theirs?.[key]]);
  } finally {
    await Bun.$`${docker} rmi -f ${name}`.quiet().nothrow();
  }
});
