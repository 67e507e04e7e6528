/** The real docker client and ours under docker's name, against one engine: the same words on both streams and the same exit code. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, DOCKER, HAKO, run, startEngine, type Result, type TestEngine } from "../harness.ts";

describe.skipIf(!DOCKER)("hako, called docker, says what docker says", () => {
  let engine: TestEngine;
  let renamed = "";
  beforeAll(async () => {
    engine = await startEngine();
    mkdirSync(join(engine.runRoot, "name"));
    renamed = join(engine.runRoot, "name", "docker");
    symlinkSync(HAKO, renamed);
    await engine.ok("volume", "create", "v1", "--label", "a=b");
    await engine.ok("volume", "create", "v2");
    await engine.ok("run", "-d", "--name", "runs", "--network", "none", "--label", "a=b", "-v", "v1:/data", "-e", "A=1", BUSYBOX, "sleep", "1000");
    await engine.hako("run", "--name", "ended", "--network", "none", BUSYBOX, "sh", "-c", "echo out; echo err >&2; exit 3");
    await engine.ok("create", "--name", "made", "--network", "none", "-p", "80:80", BUSYBOX, "true", "with a command line that is long enough to be cut");
    await engine.ok("tag", BUSYBOX, "other/repo:x");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const ask = async (program: string, words: readonly string[], stdin?: string): Promise<Result> => {
    const host = words[0] === "" ? words.slice(1) : ["-H", engine.host, ...words];
    const { code, stdout, stderr } = await run([program, ...host], stdin === undefined ? {} : { stdin });
    return { code, stdout: settled(stdout), stderr: settled(stderr) };
  };
  /** A second may pass between the two. */
  const settled = (text: string): string => text.replace(/(About a minute|Less than a second|\d+ (?:seconds?|minutes?))( ago)?/g, "a while").replace(/ {2,}/g, "  ");

  async function same(...lines: ReadonlyArray<readonly string[]>): Promise<void> {
    for (const words of lines) {
      const [theirs, ours] = [await ask(DOCKER ?? "", words), await ask(renamed, words)];
      expect({ words, ...ours }).toEqual({ words, ...theirs });
    }
  }

  const FIELDS = "{{.ID}} {{.Image}} {{.Command}} {{.CreatedAt}} {{.Ports}} {{.State}} {{.Size}} {{.Names}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}}";

  test("ps", async () => {
    await same(
      ["ps"], ["ps", "-a"], ["ps", "-aq"], ["ps", "-a", "--no-trunc"], ["ps", "-as"], ["ps", "-l"], ["ps", "-lq"], ["ps", "-n", "2"], ["ps", "-n", "0"], ["container", "ls", "-a"], ["container", "list"], ["container", "ps"],
      ["ps", "-a", "--format", FIELDS], ["ps", "-a", "--format", `table ${FIELDS.replaceAll(" ", "\\t")}`], ["ps", "-a", "--format", "table"], ["ps", "-aq", "--format", "{{.Names}}"], ["ps", "-a", "--format", "raw"],
      ["ps", "-q", "--format", "raw"], ["ps", "-a", "--format", 'table {{.Label "com.a_b-c"}}\\t{{.Names}}'], ["ps", "-a", "--format", '{{.Label "a"}}|{{.Names}}'],
      ["ps", "-a", "--format", '{{upper .Names}} {{title .State}} {{len .Names}} {{join (split .Names "n") "-"}} {{pad .Names 2 3}}| {{truncate .ID 4}} {{printf "%-10s|%q" .Names .State}}'],
      ["ps", "-a", "--format", "{{.Nope}}"], ["ps", "-a", "--format", "{{.Names"], ["ps", "-a", "--format", "{{nope .Names}}"], ["ps", "-a", "--format", "{{range .Names}}x{{end}}"],
    );
  }, 120_000);

  test("ps --filter", async () => {
    const filters = ["status=exited", "status=foo", "name=^runs$", "label=a", "label=a=b", "ancestor=nosuch", "exited=3", "exited=x", "foo=bar", "foo", "volume=v1", "volume=/data", "network=none", "before=ended", "since=ended", "before=nosuch", "publish=foo", "health=none", "is-task=x"];
    await same(...filters.map((filter) => ["ps", "-a", "--filter", filter]));
  }, 120_000);

  test("plugins, of which there are none", async () => {
    await same(
      ["plugin", "ls"], ["plugin", "list", "-q"], ["plugin", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"], ["plugin", "ls", "--format", "json"], ["plugin", "ls", "-f", "enabled=true"], ["plugin", "ls", "-f", "enabled=x"], ["plugin", "ls", "-f", "bad=x"],
      ["plugin", "inspect", "x", "y"], ["plugin", "enable", "x"], ["plugin", "disable", "x"], ["plugin", "rm", "x", "y"], ["plugin", "set", "x", "a=b"], ["plugin", "ls", "x"],
    );
    expect(await ask(renamed, ["plugin", "install", "x/y"])).toMatchObject({ code: 1, stderr: expect.stringContaining("managed plugins, which are images with a runtime of their own, are not supported") });
  }, 120_000);

  test("images, volumes and networks", async () => {
    await same(
      ["images", "--no-trunc", "busybox"], ["images", "nosuch"], ["images", "-q", "busybox"], ["images", "--filter", "dangling=x"], ["images", "--filter", "foo=bar"], ["images", "--filter", "since=nosuch"],
      ["images", "--format", "{{.Nope}}"], ["images", "--format", "{{.ID"], ["images", "-q", "--format", "raw", "busybox"], ["image", "ls", "other/repo"],
      ["volume", "ls"], ["volume", "ls", "-q"], ["volume", "ls", "--format", "raw"], ["volume", "ls", "--format", '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels}} {{.Label "a"}} {{.Links}} {{.Size}}'],
      ["volume", "ls", "--filter", "dangling=true"], ["volume", "ls", "--filter", "dangling=x"], ["volume", "ls", "--filter", "foo=b"], ["volume", "ls", "--format", "{{.Nope}}"], ["volume", "ls", "--cluster"], ["volume", "inspect", "v1", "nosuch"],
      ["network", "ls"], ["network", "ls", "-q"], ["network", "ls", "--no-trunc"], ["network", "ls", "--format", "raw"], ["network", "ls", "--filter", "type=x"], ["network", "ls", "--filter", "foo=x"], ["network", "inspect", "none", "nosuch"],
    );
  }, 120_000);

  test("inspect", async () => {
    const formats = ["{{.Name}} {{.State.Status}} {{.Config.Env}} {{.HostConfig.Memory}}", "{{.Nope}}", "{{.State.Nope}}", "{{range .Mounts}}{{.Name}}:{{.Destination}}{{end}}", "{{.Mounts}}", "{{.State}}", "{{.HostConfig.LogConfig}} {{.HostConfig.RestartPolicy}}", '{{index .Config.Labels "a"}}', "{{.Config.Labels.nope}}", "{{with .State.Health}}x{{end}}y", "{{", "json"];
    await same(
      ["inspect", "runs"], ["inspect", "ended", "nosuch"], ["inspect", "-s", "ended"], ["inspect", BUSYBOX], ["inspect", "--type", "container", BUSYBOX], ["inspect", "--type", "foo", "runs"], ["inspect", "--type", "", "runs"], ["inspect", "-f", "{{.Name}}", "nosuch"],
      ...formats.map((format) => ["inspect", "-f", format, "runs", "ended"]), ["inspect", "-f", "{{.HostConfig.PortBindings}}", "made"],
    );
  }, 120_000);

  test("system df and events", async () => {
    await same(
      ["system", "df"], ["system", "df", "-v"], ["system", "df", "--format", "json"], ["system", "df", "--format", "raw"], ["system", "df", "--format", "{{.Nope}}"], ["system", "df", "-v", "--format", "{{json .Images}}"],
      ["system", "df", "-v", "--format", "{{range .Volumes}}{{.Name}} {{end}}"], ["system", "df", "-v", "--format", "{{.Nope}}"],
      ["events", "--since", "1h", "--until", "0s", "--filter", "container=ended"], ["events", "--since", "1h", "--until", "0s", "--filter", "container=ended", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"],
      ["events", "--since", "1h", "--until", "0s", "--filter", "type=volume"], ["events", "--since", "x"], ["version", "--format", "{{.Nope}}"], ["info", "--format", "{{.Nope}}"],
    );
  }, 120_000);

  test("what is refused", async () => {
    await same(
      ["nosuchcommand"], ["container", "nosuchcommand"], ["help", "nosuchcommand"], ["--foo"], ["ps", "--nosuchflag"], ["ps", "-z"], ["ps", "x"], ["ps", "--last"], ["ps", "--last=x"], ["ps", "--all=foo"], ["run"], ["rename", "a"], ["kill"], ["-l", "foo", "ps"],
      ["", "-H", "foo://x", "ps"], ["", "-H", "unix:///x", "-c", "y", "ps"], ["", "-c", "none", "ps"], ["", "-H", "unix:///nope", "ps"], ["", "-H", "tcp://127.0.0.1:1", "ps"], ["", "--tlsverify", "--tlscacert", "/nope", "ps"],
      ["kill", "nosuch"], ["kill", "-s", "FOO", "runs"], ["kill", "ended"], ["stop", "nosuch"], ["start", "nosuch"], ["start", "-a", "runs", "ended"], ["restart", "nosuch"], ["pause", "ended"], ["unpause", "runs"], ["rm", "nosuch"], ["rm", "-f", "nosuch"], ["rm", "runs"],
      ["rename", "runs", "ended"], ["rename", "runs", ""], ["port", "nosuch"], ["port", "made", "99"], ["top", "ended"], ["logs", "nosuch"], ["logs", "--since", "x", "ended"], ["wait", "nosuch"], ["attach", "ended"], ["exec", "nosuch", "true"], ["exec", "ended", "true"], ["exec", "runs", "nosuchcmd"],
      ["exec", "-w", "/etc/passwd", "runs", "true"], ["create", "no such"], ["run", "--pull", "foo", BUSYBOX, "true"], ["run", "--network", "none", "--rm", BUSYBOX, "nosuchcmd"], ["tag", "nosuch", "x"], ["tag", BUSYBOX, "X"], ["rmi", "nosuch"], ["rmi", "-f", "nosuch"],
      ["exec", "--env-file", "/nope", "runs", "true"], ["commit", "runs", "X"], ["commit", "-c", "FOO bar", "runs"], ["export", "nosuch"], ["diff", "nosuch"], ["cp", "nosuch:/a", "."], ["cp", "runs:/nope", "/tmp/"], ["cp", "a", "b"],
      ["update", "runs"], ["update", "--restart", "foo", "runs"], ["stats", "--no-stream", "nosuch"], ["stats", "--no-stream", "--format", "{{.Nope}}"],
      ["volume", "rm", "v1"], ["volume", "rm", "-f", "nosuch"], ["volume", "create", "-d", "nope", "y"], ["container", "prune", "-f", "--filter", "foo=x"], ["system", "prune", "-f", "--filter", "foo=x"], ["history", "nosuch"], ["load", "-i", "/nope"],
    );
  }, 120_000);

  test("questions before something is removed", async () => {
    const questions = [["container", "prune"], ["volume", "prune"], ["volume", "prune", "-a"], ["image", "prune"], ["image", "prune", "-a"], ["system", "prune"], ["system", "prune", "-a", "--volumes", "--filter", "label=a"], ["system", "prune", "--volumes", "--filter", "until=24h"]];
    for (const words of questions) {
      for (const answer of ["n\n", ""]) expect({ words, ...(await ask(renamed, words, answer)) }).toEqual({ words, ...(await ask(DOCKER ?? "", words, answer)) });
    }
    expect((await engine.ok("ps", "-aq")).split("\n").length).toBe(3);
  }, 120_000);
});
