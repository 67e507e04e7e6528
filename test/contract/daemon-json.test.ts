/** What `hako daemon --validate` says of a file and flags, beside what dockerd says. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../harness.ts";

const PROGRAM = join(import.meta.dir, "../../build/hako");
/** Root folder of a system that has dockerd 28. */
const root = process.env["DOCKERD_ROOT"];

/** [file, flags]; both say the same, to the letter but for the place that ours adds. */
const SAME: readonly (readonly [string, ...string[]])[] = [
  ["{}"], [""], ["null"], ['{"debug":null}'], ['\uFEFF{"debug":true}'], ['{"debug":true,"debug":false}'],
  ['{"debug":true}', "--debug"],
  ['{"debug":true,"labels":["a=b"]}', "--label", "c=d", "--debug=false"],
  ['{"dns":["1.1.1.1"]}', "--dns", "8.8.8.8"],
  ['{"hosts":["tcp://127.0.0.1:1"]}', "-H", "unix:///tmp/x"],
  ['{"group":"root"}', "--group", "bin"],
  ['{"storage-opts":["a=b"]}', "--storage-opt", "c=d"],
  ['{"mtu":1400,"log-driver":"local"}', "--log-driver", "json-file", "--mtu", "1500"],
  ['{"debug":true,}'], ['{"debug":true}{"x":1}'], ['{"debug":true} x'], ['{"debug" true}'], ['{"debug":tru,"mtu":1}'], ['{"debug":nil}'], ["{"],
  ['{"labels":["a=b","a=c"]}'],
  ['{"debg":true}'], ['{"Debug":true}'], ['{"debug":true,"cluster-store":"x"}'], ['{"proxies":{"foo":"b"}}'],
  ['{"proxies":{"http-proxy":"http://u:p@x","https-proxy":"b","no-proxy":"c"}}'],
  ['{"runtimes":{"crun":{"path":"/bin/true"}},"default-runtime":"crun"}'],
  ['{"bip":"10.1.0.1/16","mtu":1400,"default-address-pools":[{"base":"10.2.0.0/16","size":24}]}'],
  ['{"insecure-registries":["10.0.0.0/8","registry:5000"],"registry-mirrors":["https://m.example"]}'],
  ['{"live-restore":true,"shutdown-timeout":7,"max-concurrent-downloads":1,"max-download-attempts":0}'],
  ['{"metrics-addr":"127.0.0.1:1","containerd":"/run/c.sock","swarm-default-advertise-addr":"192.0.2.1","builder":{"gc":{"enabled":true}}}'],
  ['{"userland-proxy":false,"iptables":false,"ip-masq":false,"storage-driver":"overlay2","exec-opts":["native.cgroupdriver=systemd"]}'],
];
/** Both refuse it with this reason; ours names the key, and leaves out what Go calls it. */
const SAME_REASON: readonly (readonly [string, string])[] = [
  ['{"log-level":"loud"}', "invalid logging level: loud"],
  ['{"log-format":"xml"}', "invalid log format: xml"],
  ['{"labels":["a"]}', "bad attribute format: a"],
  ['{"mtu":-1}', "invalid default MTU: -1"],
  ['{"max-concurrent-downloads":-1}', "invalid max concurrent downloads: -1"],
  ['{"dns":["1.2.3"]}', "invalid IP address: 1.2.3"],
  ['{"dns-search":["a b"]}', "a b is not a valid domain"],
  ['{"default-shm-size":"64Mx"}', "invalid suffix: 'mx'"],
  ['{"default-ipc-mode":"host"}', 'IPC mode "host" is not supported as default value; use "shareable" or "private"'],
  ['{"default-cgroupns-mode":"x"}', 'invalid default cgroup namespace (x): use "host" or "private"'],
  ['{"registry-mirrors":["foo"]}', "invalid mirror: no scheme specified for \"foo\": must use either 'https://' or 'http://'"],
  ['{"registry-mirrors":["http://foo/x?y"]}', 'invalid mirror: query or fragment at end of the URI "http://foo/x?y"'],
  ['{"exec-opts":["foo=bar"]}', "invalid exec-opt (foo=bar): unknown option: 'foo'"],
];
/** dockerd takes these and fails later, or starts without them. */
const STRICTER = ['{"default-runtime":"nope"}', '{"log-opts":{"foo":"x"}}', '{"seccomp-profile":"/nosuch"}', '{"storage-driver":"zfsx"}', '{"insecure-registry":["a"]}', '{"default-ulimits":{"nofil":{"Name":"nofil","Hard":10,"Soft":2}}}', '{"bip":"1.2.3"}'];

if (root !== undefined && existsSync(root)) {
  const folder = join(root, "tmp", `hk-${process.pid}-daemon-json`);
  mkdirSync(folder, { recursive: true });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const inside = join(folder, "daemon.json").slice(root.length);
  const validate = async (command: string[], file: string, text: string, flags: readonly string[]): Promise<{ code: number; said: string }> => {
    writeFileSync(join(folder, "daemon.json"), text);
    const { code, stderr } = await run([...command, "--validate", "--config-file", file, ...flags]);
    return { code, said: stderr.replaceAll(file, "FILE").replace(/ \(line \d+, column \d+[^)]*\)/g, "").trim() };
  };
  const dockerd = (text: string, ...flags: string[]) => validate(["chroot", root, "dockerd"], inside, text, flags);
  const hako = (text: string, ...flags: string[]) => validate([PROGRAM, "daemon"], join(folder, "daemon.json"), text, flags);

  describe("dockerd and hako daemon", () => {
    test.each(SAME.map((row) => [row.join(" "), row] as const))("say the same of %s", async (_, row) => {
      expect(await hako(...(row as [string]))).toEqual(await dockerd(...(row as [string])));
    });
    test.each(SAME_REASON.map(([text, reason]) => [text, reason]))("refuse %s for %s", async (text, reason) => {
      for (const { code, said } of [await dockerd(text), await hako(text)]) {
        expect(code).toBe(1);
        expect(said).toContain(reason);
      }
    });
    test.each(STRICTER)("%s is refused by hako alone", async (text) => {
      expect((await dockerd(text)).code).toBe(0);
      expect((await hako(text)).code).toBe(1);
    });
  });
} else test.skip("dockerd's words (set DOCKERD_ROOT to the root of a system with dockerd 28)", () => {});
