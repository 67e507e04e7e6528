/** The settings table: every key from the file and from its flag, and what is said of what is wrong. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configure, ConfigurationError, flagNameOf, renderSettings, SETTING_NAMES, SETTINGS, type SettingName, type Values } from "../../src/configuration/mod.ts";
import { parseJson, plainValue } from "../../src/configuration/json-document.ts";

const FILE = "/etc/hako/daemon.json";
const fromFile = (text: string | object): Values => configure({ path: FILE, text: typeof text === "string" ? text : JSON.stringify(text) }, new Map()).values;
const fromFlags = (flags: Record<string, string[]>): Values => configure({ path: FILE, text: undefined }, new Map(Object.entries(flags))).values;
function failure(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "";
}

/** One value of each kind, as the file, the command line and the engine have it. */
const SAMPLES: { readonly [Name in SettingName]?: { readonly json: unknown; readonly words: readonly string[]; readonly value: unknown } } = {
  hosts: { json: ["unix:///a", "tcp://127.0.0.1:1", "fd://"], words: ["unix:///a", "127.0.0.1:1", "fd://"], value: ["unix:///a", "tcp://127.0.0.1:1", "fd://"] },
  "log-level": { json: "warn", words: ["warn"], value: "warn" },
  "log-format": { json: "json", words: ["json"], value: "json" },
  runtimes: { json: { crun: { path: "/usr/bin/crun", runtimeArgs: ["--debug"] } }, words: [], value: { crun: { path: "/usr/bin/crun", runtimeArgs: ["--debug"] } } },
  "default-ulimits": { json: { nofile: { Name: "nofile", Soft: 1, Hard: 2 }, core: { Name: "core", Soft: 0 } }, words: ["nofile=1:2", "core=0"], value: { nofile: { Name: "nofile", Soft: 1, Hard: 2 }, core: { Name: "core", Soft: 0, Hard: 0 } } },
  "default-shm-size": { json: "1.5k", words: ["1.5k"], value: 1536 },
  "default-ipc-mode": { json: "shareable", words: ["shareable"], value: "shareable" },
  "default-cgroupns-mode": { json: "host", words: ["host"], value: "host" },
  dns: { json: ["1.1.1.1", "2001:db8::1"], words: ["1.1.1.1,2001:db8::1"], value: ["1.1.1.1", "2001:db8::1"] },
  "dns-search": { json: ["a.example", "."], words: ["a.example", "."], value: ["a.example", "."] },
  "host-gateway-ips": { json: ["192.0.2.1"], words: ["192.0.2.1"], value: ["192.0.2.1"] },
  "host-gateway-ip": { json: "192.0.2.1", words: [], value: "192.0.2.1" },
  "exec-opts": { json: ["native.cgroupdriver=cgroupfs"], words: ["native.cgroupdriver=cgroupfs"], value: ["native.cgroupdriver=cgroupfs"] },
  bip: { json: "10.1.0.1/16", words: ["10.1.0.1/16"], value: "10.1.0.1/16" },
  "fixed-cidr": { json: "10.9.8.0/24", words: ["10.9.8.0/24"], value: "10.9.8.0/24" },
  bip6: { json: "fd00:9::1/64", words: ["fd00:9::1/64"], value: "fd00:9::1/64" },
  "fixed-cidr-v6": { json: "fd00:9::/64", words: ["fd00:9::/64"], value: "fd00:9::/64" },
  "default-gateway": { json: "10.1.0.9", words: ["10.1.0.9"], value: "10.1.0.9" },
  "default-gateway-v6": { json: "fd00:9::9", words: ["fd00:9::9"], value: "fd00:9::9" },
  ip: { json: "0.0.0.0", words: ["0.0.0.0"], value: "0.0.0.0" },
  "default-address-pools": { json: [{ base: "10.2.0.0/16", size: 24 }], words: ["base=10.2.0.0/16,size=24"], value: [{ base: "10.2.0.0/16", size: 24 }] },
  "log-opts": { json: { "max-size": "1m" }, words: ["max-size=1m"], value: { "max-size": "1m" } },
  "registry-mirrors": { json: ["https://m.example"], words: ["https://m.example"], value: ["https://m.example"] },
  "registry-mirrors-of": {
    json: { "ghcr.io": ["https://a.example", "https://b.example"], "*": ["http://c.example"] },
    words: ["ghcr.io=https://a.example", "*=http://c.example", "ghcr.io=https://b.example"],
    value: { "ghcr.io": ["https://a.example", "https://b.example"], "*": ["http://c.example"] },
  },
  labels: { json: ["a=b"], words: ["a=b"], value: ["a=b"] },
  features: { json: { a: true, b: false }, words: ["a", "b=false"], value: { a: true, b: false } },
  "storage-driver": { json: "overlay2", words: ["overlay2"], value: "overlay2" },
};
const BY_KIND: Record<string, { json: unknown; words: readonly string[]; value: unknown }> = {
  bool: { json: true, words: ["true"], value: true },
  int: { json: 7, words: ["7"], value: 7 },
  string: { json: "text", words: ["text"], value: "text" },
  list: { json: ["one", "two"], words: ["one", "two"], value: ["one", "two"] },
  map: { json: {}, words: [], value: {} },
};
/** Settings whose every value is refused. */
const REFUSED = new Set<SettingName>(["authorization-plugins", "selinux-enabled", "userns-remap", "rootless"]);

describe.each([...SETTING_NAMES])("%s", (name) => {
  const { kind, within } = SETTINGS[name] as { kind: { flagType: string }; within?: string };
  const sample = SAMPLES[name] ?? BY_KIND[kind.flagType];
  if (!sample) throw new Error(`no sample for ${name}`);
  const document = within ? { [within]: { [name]: sample.json } } : { [name]: sample.json };

  test("is read from the file", () => {
    if (REFUSED.has(name) && sample.json !== "") expect(failure(() => fromFile(document))).toMatch(new RegExp(`${FILE}, line 1, column \\d+: "${name}" cannot be used: \\w`));
    else expect(fromFile(document)[name] as unknown).toEqual(sample.value);
  });

  test("is read from its flag, and not from both", () => {
    const flag = flagNameOf(name);
    if (flag === undefined || sample.words.length === 0 || REFUSED.has(name)) return;
    expect(fromFlags({ [flag]: [...sample.words] })[name] as unknown).toEqual(sample.value);
    expect(failure(() => configure({ path: FILE, text: JSON.stringify(document) }, new Map([[flag, sample.words]])))).toStartWith(
      `unable to configure the Docker daemon with file ${FILE}: the following directives are specified both as a flag and in the configuration file: ${name}: (from flag: `,
    );
  });

  test("is not taken with another type", () => {
    if (name === "builder" || name === "default-network-opts") return;
    const wrong = kind.flagType === "int" ? "7" : 7;
    expect(failure(() => fromFile(within ? { [within]: { [name]: wrong } } : { [name]: wrong }))).toMatch(new RegExp(`"${name}": .*\\(line 1, column \\d+\\)$`));
  });
});

test("null is as good as absent, and an empty file as none", () => {
  for (const text of ["", "  \n", "null", "{}", '{"debug": null, "labels": null, "proxies": null}']) expect(fromFile(text)).toEqual({});
  expect(fromFile('\uFEFF{"debug":true}')).toEqual({ debug: true });
});

describe("what is wrong is said with its place", () => {
  test.each([
    ['{\n  "debug": true,\n}', "invalid JSON: invalid character '}' looking for beginning of object key string (line 3, column 1)"],
    ['{"debug" true}', "invalid JSON: invalid character 't' after object key (line 1, column 10)"],
    ['{"debug":true}{', "invalid JSON: invalid character '{' after top-level value (line 1, column 15)"],
    ['{"debug":', "invalid JSON: unexpected end of JSON input (line 1, column 10)"],
    ["{'debug': true}", "invalid JSON: invalid character '\\'' looking for beginning of object key string (line 1, column 2)"],
    ['{"debug":tru, "mtu":1}', "invalid JSON: invalid character ',' in literal true (expecting 'e') (line 1, column 13)"],
    ['{"a":"\\x"}', "invalid JSON: invalid character '\\' in string literal (line 1, column 7)"],
    ["[1]", "it takes an object of settings: {…} (line 1, column 1)"],
    ['{\n "lables": []}', "the following directives don't match any configuration option: lables (line 2, column 2, did you mean labels?)"],
    ['{"insecure-registry": ["a"]}', "the following directives don't match any configuration option: insecure-registry (line 1, column 2, did you mean insecure-registries?)"],
    ['{"zzzzzzzzzzzzzz": 1}', "the following directives don't match any configuration option: zzzzzzzzzzzzzz (line 1, column 2)"],
    ['{"proxies":{"htp-proxy":"x"}}', "the following directives don't match any configuration option: htp-proxy (line 1, column 13, did you mean http-proxy?)"],
    ['{"proxies":{"debug":true}}', "the following directives don't match any configuration option: debug (line 1, column 13, did you mean debug?)"],
    ['{"log-level":"loud"}', '"log-level": invalid logging level: loud (line 1, column 14)'],
    ['{"dns":["1.1.1.1","1.2.3"]}', '"dns": invalid IP address: 1.2.3 (line 1, column 19)'],
    ['{"labels":["a"]}', '"labels": bad attribute format: a (line 1, column 12)'],
    ['{"mtu":-1}', '"mtu": invalid default MTU: -1 (line 1, column 8)'],
    ['{"mtu":1.5}', '"mtu": it takes a whole number, not 1.5 (line 1, column 8)'],
    ['{"default-shm-size":"64Mx"}', "\"default-shm-size\": invalid suffix: 'mx' (line 1, column 21)"],
    ['{"default-ulimits":{"nofile":{"Name":"nofile","Soft":20,"Hard":10}}}', '"default-ulimits": ulimit soft limit must be less than or equal to hard limit: 20 > 10 (line 1, column 30)'],
    ['{"runtimes":{"runc":{"path":"/x"}}}', "\"runtimes\": runtime name 'runc' is reserved (line 1, column 14)"],
    ['{"runtimes":{"x":{}}}', '"runtimes": a runtime needs a path or a runtimeType (line 1, column 18)'],
    ['{"registry-mirrors":["foo"]}', "\"registry-mirrors\": invalid mirror: no scheme specified for \"foo\": must use either 'https://' or 'http://' (line 1, column 22)"],
    ['{"exec-opts":["foo=bar"]}', "\"exec-opts\": invalid exec-opt (foo=bar): unknown option: 'foo' (line 1, column 15)"],
    ['{"dns-search":["a b"]}', '"dns-search": a b is not a valid domain (line 1, column 16)'],
    ['{"default-address-pools":[{"base":"10.0.0.0/8","size":4}]}', '"default-address-pools": invalid pool size 4: it is the prefix of each network, from 8 (the base\'s) to 30 (line 1, column 27)'],
  ])("%s", (text, expected) => {
    expect(failure(() => fromFile(text))).toBe(`unable to configure the Docker daemon with file ${FILE}: ${expected}`);
  });

  test("a flag is named as dockerd names it", () => {
    expect(failure(() => fromFlags({ label: ["a"] }))).toBe('invalid argument "a" for "--label" flag: bad attribute format: a');
    expect(failure(() => fromFlags({ host: ["foo://"] }))).toBe('invalid argument "foo://" for "-H, --host" flag: invalid bind address (foo://): unsupported proto \'foo\'');
    expect(failure(() => fromFlags({ "default-ulimit": ["foo=1"] }))).toBe('invalid argument "foo=1" for "--default-ulimit" flag: invalid ulimit type: foo');
    expect(failure(() => fromFlags({ "add-runtime": ["runc=x"] }))).toBe('invalid argument "runc=x" for "--add-runtime" flag: runtime name \'runc\' is reserved');
    expect(failure(() => fromFlags({ "default-address-pool": ["base=10.0.0.0/8,size=24,x=1"] }))).toBe('invalid argument "base=10.0.0.0/8,size=24,x=1" for "--default-address-pool" flag: unexpected key \'x\' in \'x=1\'');
  });

  test("two labels of one key, two names of the run root", () => {
    expect(failure(() => fromFile({ labels: ["a=b", "a=c"] }))).toBe("conflict labels for a=c and a=b");
    expect(failure(() => fromFile({ "exec-root": "/a", "run-root": "/b" }))).toContain("give one of them");
  });
});

test("several conflicts are told together, in the words of dockerd", () => {
  const message = failure(() => configure({ path: FILE, text: '{"debug":true,"labels":["a=b"]}' }, new Map([["label", ["c=d"]], ["debug", ["false"]]])));
  expect(message).toBe(`unable to configure the Docker daemon with file ${FILE}: the following directives are specified both as a flag and in the configuration file: debug: (from flag: false, from file: true), labels: (from flag: [c=d], from file: [a=b])`);
});

test("a key that is there twice counts the last time, and is told of", () => {
  const { values, warnings } = configure({ path: FILE, text: '{"debug":true,\n"debug":false}' }, new Map());
  expect(values).toEqual({ debug: false });
  expect(warnings).toEqual([`${FILE}: "debug" is there twice (line 1, column 2 and line 2, column 1): the last one counts`]);
});

test("what has no effect is told with its place, what asks for nothing is not", () => {
  const { warnings } = configure({ path: FILE, text: '{\n"metrics-addr": "127.0.0.1:9323", "containerd": "", "ipv6": false, "storage-opts": []}' }, new Map([["cri-containerd", ["true"]]]));
  expect(warnings).toEqual([`${FILE}, line 2, column 1: "metrics-addr" has no effect: no metrics are served`, "--cri-containerd has no effect: there is no containerd here, images and containers are the engine's own"]);
});

test("parseJson() reads what JSON.parse reads, and refuses what it refuses", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => expect(plainValue(parseJson(JSON.stringify(value, null, 1)))).toEqual(JSON.parse(JSON.stringify(value)))), { numRuns: 300 });
  fc.assert(
    fc.property(fc.array(fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "a", "\\", "1", "-", ".", "e", "true", "null", " ", "\n")), (tokens) => {
      const text = tokens.join("");
      const accepts = (read: (text: string) => unknown): boolean => {
        try {
          read(text);
          return true;
        } catch {
          return false;
        }
      };
      expect(accepts(parseJson)).toBe(accepts(JSON.parse));
    }),
    { numRuns: 1000 },
  );
});

test("settings in any form are read or refused, never anything else", () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...SETTING_NAMES, "proxies"), fc.jsonValue()), (settings) => void failure(() => fromFile(settings))), { numRuns: 500 });
});

test("docs/daemon-json.md is what the settings say", () => {
  expect(readFileSync(join(import.meta.dir, "../../docs/daemon-json.md"), "utf8")).toBe(renderSettings());
});
