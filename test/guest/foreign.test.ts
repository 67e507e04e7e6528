/** Steps for another architecture, on a machine whose kernel hands their programs to an interpreter: a handler would be seen by everything on this machine. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runInGuest } from "./run.ts";

const TIMEOUT_MS = 240_000;
const EXECUTABLE = join(import.meta.dir, "../../build/hako");
/** In place of an interpreter: it prints its greeting, whatever it is to interpret. */
const HELLO = join(import.meta.dir, "../../build/native/hello");
const NFT = ["/usr/sbin/nft", "/sbin/nft"].find(existsSync);
const lacking = [EXECUTABLE, HELLO].find((path) => !existsSync(path)) ?? (NFT === undefined ? "nft" : undefined);

const SCRIPT = `
export PATH=$PATH:/usr/sbin
mkdir -p /var/lib
mount -t tmpfs data /var/lib; mount -t tmpfs run /run
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
hako daemon >/tmp/daemon.log 2>&1 & engine=$!
turns=0; while [ ! -S /run/hako/hako.sock ] && [ $turns -lt 150 ]; do sleep 0.2; turns=$((turns+1)); done
export DOCKER_HOST=unix:///run/hako/hako.sock
mkdir /tmp/project; cd /tmp/project
printf '\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\267\\000\\001\\000\\000\\000' >program; chmod 755 program
printf 'FROM scratch\\nCOPY program /program\\nRUN ["/program"]\\n' >Dockerfile
build() { hako build --progress plain --platform linux/arm64 -t foreign . >/tmp/out 2>&1; }
echo "without=$(build; echo $?) $(sed -n 's/^ERROR: .*\\(cannot run programs of linux.arm64\\).*/\\1/p' /tmp/out)"
cp /bin/hello /tmp/qemu-aarch64
echo ':qemu-aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/tmp/qemu-aarch64:F' >/proc/sys/fs/binfmt_misc/register
echo "with=$(build; echo $?) $(grep -c 'nothing was downloaded' /tmp/out)"
echo "image=$(hako image inspect -f '{{.Os}}/{{.Architecture}}' foreign)"
sed 's/^/build: /' /tmp/out
kill $engine; wait $engine
`;

test.skipIf(lacking !== undefined)(`steps for another architecture run where the kernel knows an interpreter${lacking ? ` (skipped: needs ${lacking})` : ""}`, async () => {
  const { output } = await runInGuest({
    files: { "/bin/hako": EXECUTABLE, "/usr/sbin/nft": NFT ?? "", "/bin/hello": HELLO },
    modules: ["overlay", "veth", "bridge", "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct", "nft_fib_inet", "nft_meta_bridge", "binfmt_misc"],
    script: SCRIPT,
    memoryMb: 2048,
    timeoutMs: TIMEOUT_MS,
  });
  const facts = Object.fromEntries([...output.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  expect(facts, output.slice(-2000)).toEqual({ without: "1 cannot run programs of linux/arm64", with: "0 1", image: "linux/arm64" });
}, TIMEOUT_MS + 30_000);
