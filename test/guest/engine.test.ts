/** The whole engine, from its executable, on a machine with cgroup v2 alone and an older kernel than the build machine's. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runInGuest } from "./run.ts";

const TIMEOUT_MS = 240_000;
const EXECUTABLE = join(import.meta.dir, "../../build/hako");
const NFT = ["/usr/sbin/nft", "/sbin/nft"].find(existsSync);
const lacking = !existsSync(EXECUTABLE) ? "build/hako" : NFT === undefined ? "nft" : undefined;

const SCRIPT = `
export PATH=$PATH:/usr/sbin
mkdir -p /var/lib
mount -t tmpfs data /var/lib; mount -t tmpfs run /run
hako daemon >/tmp/daemon.log 2>&1 & engine=$!
turns=0; while [ ! -S /run/hako/hako.sock ] && [ $turns -lt 150 ]; do sleep 0.2; turns=$((turns+1)); done
export DOCKER_HOST=unix:///run/hako/hako.sock
mkdir -p /tmp/fs/bin /tmp/fs/tmp; cp /bin/busybox /tmp/fs/bin/
for applet in sh cat echo sleep ip mknod tail head ls; do ln -s busybox /tmp/fs/bin/$applet; done
tar -C /tmp/fs -cf /tmp/root.tar . && hako import /tmp/root.tar box >/dev/null || echo "import failed"

echo "version=$(hako info --format '{{.CgroupVersion}}')"
echo "hello=$(hako run --rm box echo hello)"
echo "code=$(hako run --rm box sh -c 'exit 7'; echo $?)"
echo "address=$(hako run --rm box ip -4 -o addr show eth0 | sed 's/.*inet \\([^ ]*\\).*/\\1/')"
echo "mknod=$(hako run --rm box sh -c 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg >/dev/null 2>&1 || echo refused')"
echo "oom=$(hako run --name big -m 16m --memory-swap 16m box sh -c 'head -c 100m /dev/zero | tail >/dev/null' >/dev/null 2>&1; hako inspect --format '{{.State.OOMKilled}}' big)"
id=$(hako run -d -m 64m --pids-limit 20 --cpus 0.5 box sleep 1000)
group=/sys/fs/cgroup/hako/$id
echo "limits=$(cat $group/memory.max) $(cat $group/pids.max) $(cat $group/cpu.max)"
echo "updated=$(hako update -m 128m --memory-swap 192m --pids-limit -1 --cpus 1 --label-add colour=red $id >/dev/null; cat $group/memory.max $group/memory.swap.max $group/pids.max | tr '\\n' ' '; cat $group/cpu.max)"
echo "labelled=$(hako ps --filter label=colour=red --format '{{.Label "colour"}}')"
echo "stats=$(hako stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' | sed 's/[0-9.]*[KM]iB \\//used of/')"
echo "happened=$(hako events --since 10m --until 0s --filter container=big --filter event=oom --filter event=die --format '{{.Action}}' | tr '\\n' ' ')"
echo "discarded=$(hako create --memory-swappiness 10 --oom-kill-disable box true 2>&1 | grep -c discarded)"
echo "realtime=$(hako create --cpu-rt-runtime 1000 box true 2>&1 | sed -n 's/.*daemon: //p')"
echo "exec=$(hako exec $id cat /proc/self/cgroup)"
hako pause $id >/dev/null; echo "frozen=$(cat $group/cgroup.freeze)"; hako unpause $id >/dev/null; echo "thawed=$(cat $group/cgroup.freeze)"
hako rm -f $(hako ps -aq) >/dev/null
echo "left=$(ls -d /sys/fs/cgroup/hako/*/ | grep -v /engine/ | wc -l)"

kill $engine; wait $engine; nft flush ruleset; rmmod nft_meta_bridge
hako daemon >/tmp/daemon.log 2>&1 &
turns=0; while ! hako version >/dev/null 2>&1 && [ $turns -lt 50 ]; do sleep 0.2; turns=$((turns+1)); done
echo "bare=$(hako run --rm box echo hello)"
echo "warned=$(hako info 2>&1 | grep -c 'WARNING: this kernel has no firewall for bridges')"
`;

test.skipIf(lacking !== undefined)(`the engine runs containers with cgroup v2 alone${lacking ? ` (skipped: needs ${lacking})` : ""}`, async () => {
  const { output } = await runInGuest({
    files: { "/bin/hako": EXECUTABLE, "/usr/sbin/nft": NFT ?? "" },
    modules: ["overlay", "veth", "bridge", "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct", "nft_fib_inet", "nft_meta_bridge"],
    script: SCRIPT,
    memoryMb: 2048,
    timeoutMs: TIMEOUT_MS,
  });
  const facts = Object.fromEntries([...output.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  expect(facts).toEqual({
    version: "2", hello: "hello", code: "7", address: "172.17.0.2/16", mknod: "refused", oom: "true", limits: "67108864 20 50000 100000",
    updated: "134217728 67108864 max 100000 100000", labelled: "red", stats: "1 used of 128MiB", happened: "oom die ", discarded: "2", realtime: "kernel does not support CPU real-time scheduler", exec: "0::/", frozen: "1", thawed: "0", left: "0", bare: "hello", warned: "1",
  });
}, TIMEOUT_MS);
