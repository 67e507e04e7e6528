/** Volumes with a size, on a file system that has project quotas: this machine's kernel may have none. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runInGuest } from "./run.ts";

const TIMEOUT_MS = 240_000;
const EXECUTABLE = join(import.meta.dir, "../../build/hako");
const NFT = ["/usr/sbin/nft", "/sbin/nft"].find(existsSync);
const MKFS = ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"].find(existsSync);
const lacking = !existsSync(EXECUTABLE) ? "build/hako" : NFT === undefined ? "nft" : MKFS === undefined ? "mkfs.ext4" : undefined;

const SCRIPT = `
export PATH=$PATH:/usr/sbin
mkdir -p /var/lib; mount -t tmpfs run /run
truncate -s 200M /tmp/disk && mkfs.ext4 -q -O quota,project /tmp/disk 2>&1
mount -o loop,prjquota -t ext4 /tmp/disk /var/lib
hako daemon >/tmp/daemon.log 2>&1 &
turns=0; while [ ! -S /run/hako/hako.sock ] && [ $turns -lt 150 ]; do sleep 0.2; turns=$((turns+1)); done
export DOCKER_HOST=unix:///run/hako/hako.sock
mkdir -p /tmp/fs/bin; cp /bin/busybox /tmp/fs/bin/; for applet in sh dd ls; do ln -s busybox /tmp/fs/bin/$applet; done
tar -C /tmp/fs -cf /tmp/root.tar . && hako import /tmp/root.tar box >/dev/null || echo "import failed"
write() { hako run --rm --network none -v $1:/x box dd if=/dev/zero of=/x/$2 bs=1k count=$3 2>&1 | sed -n 's/.*: //p'; }
hako volume create -o size=2m small; hako volume create -o size=4m larger >/dev/null; hako volume create none
echo "fits=$(write small a 1000)"
echo "over=$(write small b 3000)"
echo "none=$(write none a 8000)"
hako volume rm small >/dev/null
hako volume create -o size=3m again
echo "again=$(write again a 2500)"
echo "againOver=$(write again b 1000)"
`;

test.skipIf(lacking !== undefined)(`a volume takes no more than its size${lacking ? ` (skipped: needs ${lacking})` : ""}`, async () => {
  // nft looks up the names of protocols there.
  const protocols = "/etc/protocols";
  const { output } = await runInGuest({
    files: { "/bin/hako": EXECUTABLE, "/usr/sbin/nft": NFT ?? "", "/usr/sbin/mkfs.ext4": MKFS ?? "", ...(existsSync(protocols) && { [protocols]: protocols }) },
    modules: ["overlay", "veth", "bridge", "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct", "nft_fib_inet", "nft_meta_bridge", "loop", "quota_v2"],
    script: SCRIPT,
    memoryMb: 2048,
    timeoutMs: TIMEOUT_MS,
  });
  const facts = Object.fromEntries([...output.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const full = "Disk quota exceeded";
  expect(facts, output.slice(-2000)).toEqual({ fits: "", over: full, none: "", again: "", againOver: full });
}, TIMEOUT_MS + 30_000);
