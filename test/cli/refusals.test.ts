/** What `create` and `run` refuse before they ask the engine, in docker's words (recorded from docker 28.5). */
import { expect, test } from "bun:test";
import { createRequest } from "../../src/cli/options/request.ts";
import { checkPlatform } from "../../src/cli/options/platform.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { RUN_FLAGS } from "../../src/cli/table/create-flags.ts";

function refusal(...words: string[]): string {
  try {
    const { flags, args } = parseLine([...words, "busybox", "true"], RUN_FLAGS, false);
    const [image = "", ...command] = args;
    createRequest(flags, image, command);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "nothing";
}

const invalid = (value: string, flag: string, reason: string): string => `invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${reason}`;

test.each<[string[], string]>([
  [["--pull", "sometimes"], `invalid pull option: 'sometimes': must be one of "always", "missing" or "never"`],
  [["--network", "bridge", "--network", "bridge"], 'network "bridge" is specified multiple times'],
  [["--network", ""], "no name set for network"],
  [["--network", "bridge", "--network", "mine"], "conflicting options: cannot attach both user-defined and non-user-defined network-modes"],
  [["--network", "name=bridge,gw-priority=x"], invalid("name=bridge,gw-priority=x", "--network", "invalid gw-priority (x): invalid syntax")],
  [["--network", "name=bridge,driver-opt=a"], invalid("name=bridge,driver-opt=a", "--network", "invalid key value pair format in driver options")],
  [["--network", "name=bridge,ip"], invalid("name=bridge,ip", "--network", "invalid field ip")],
  [["--network", "name=a,alias=b", "--network-alias", "c"], "conflicting options: cannot specify both --network-alias and per-network alias"],
  [["--network", "name=a,ip=1.2.3.4", "--ip", "1.2.3.5"], "conflicting options: cannot specify both --ip and per-network IPv4 address"],
  [["--mac-address", "foo"], "foo is not a valid mac address"],
  [["--dns-search", "a..b"], invalid("a..b", "--dns-search", "a..b is not a valid domain")],
  [["--link", ""], invalid("", "--link", "empty string specified for links")],
  [["--link", "a:b:c"], invalid("a:b:c", "--link", "bad format for links: a:b:c")],
  [["--env-file", "/tmp"], "invalid env file (/tmp): read /tmp: is a directory"],
  [["-l", "=x"], invalid("=x", "-l, --label", "invalid label '=x': empty name")],
  [["--security-opt", "seccomp="], 'Invalid --security-opt: "seccomp="'],
  [["--security-opt", "writable-cgroups"], 'Invalid --security-opt: "writable-cgroups"'],
  [["--device", "/dev/null:rwx"], "rwx is not an absolute path"],
  [["--device", "/dev/null:/dev/x:r:z"], "bad format for path: /dev/null:/dev/x:r:z"],
  [["--device", "vendor.com/class=a,b"], "vendor.com/class=a,b is not an absolute path"],
  [["--gpus", "count=1,count=2"], invalid("count=1,count=2", "--gpus", "gpu request key 'count' can be specified only once")],
  [["-v", "/a:/b:ro:z"], "invalid spec: /a:/b:ro:z: too many colons"],
  [["-v", "/tmp:"], "invalid spec: /tmp:: empty section between colons"],
  [["--mount", "type=bind,src=/tmp,dst=/x,bind-recursive=writable"], invalid("type=bind,src=/tmp,dst=/x,bind-recursive=writable", "--mount", "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction")],
  [["--expose", "82-80"], "invalid range format for --expose: 82-80, error: invalid range specified for port: 82-80"],
  [["--expose", ""], "invalid range format for --expose: , error: empty string specified for ports"],
  [["--expose", "99999"], 'invalid range format for --expose: 99999, error: strconv.ParseUint: parsing "99999": value out of range'],
  [["-p", "published=80,target"], "invalid publish opts format (should be name=value but got 'target')"],
])("%j", (words, message) => {
  expect(refusal(...words)).toBe(message);
});

test.each([
  [["--mac-address", "0242.ac11.0098"]],
  [["--mac-address", "02-42-ac-11-00-98"]],
  [["--device", "vendor.com/class=dev"]],
  [["-p", "published=80,target=80"]],
  [["-p", "80:80/"]],
  [["--expose", "80/"]],
  [["--mount", "type=bind,src=/tmp,dst=/x,bind-nonrecursive"]],
  [["--dns-search", "."]],
  [["--cap-add", "NET_ADMIN", "--cap-drop", "NET_ADMIN"]],
])("%j is fine", (words) => {
  expect(refusal(...words)).toBe("nothing");
});

test.each([
  ["foo", 'error parsing specified platform: "foo": unknown operating system or architecture: invalid argument'],
  ["a/b/c/d", 'error parsing specified platform: "a/b/c/d": cannot parse platform specifier: invalid argument'],
  ["linux/am d64", 'error parsing specified platform: "am d64" is an invalid component of "linux/am d64": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument'],
])("--platform %s", (text, message) => {
  expect(() => checkPlatform(text)).toThrow(message);
});
