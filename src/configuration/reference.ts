import type { Setting } from "./setting.ts";
import { flagNameOf, SETTING_NAMES, SETTINGS, type SettingName } from "./settings.ts";

const INTRODUCTION = `# daemon.json

Made from the settings (\`src/configuration\`): \`bun src/configuration/reference.ts > docs/daemon-json.md\`.

The engine reads \`/etc/hako/daemon.json\` if there is one, or the file that \`hako daemon --config-file\` names. Its keys are those of
Docker's \`/etc/docker/daemon.json\`, and \`hako daemon\` has the flags of \`dockerd\`; a setting is given in one of the two places. Whatever is
wrong is named with file, line and column, and nothing starts; \`hako daemon --validate\` only checks. What has no effect here is taken, and
the log says so in one sentence.

\`kill -HUP\` makes the engine read its file again. The settings marked ↻ take their new values at once; what else has changed waits for a
restart, and the log names both. A setting that is no longer in the file is back to its default. If anything in the file is wrong, the engine
goes on with what it had.

\`\`\`json
{
  "data-root": "/srv/hako",
  "hosts": ["unix:///run/hako/hako.sock", "tcp://0.0.0.0:2376"],
  "tlsverify": true, "tlscacert": "/etc/hako/ca.pem", "tlscert": "/etc/hako/cert.pem", "tlskey": "/etc/hako/key.pem",
  "default-ulimits": { "nofile": { "Name": "nofile", "Soft": 1024, "Hard": 65536 } },
  "labels": ["rack=7"]
}
\`\`\`

A TCP address without TLS gives everyone who reaches it root on this machine. The engine listens there on loopback only; anywhere else
\`"tls": false\` must say that it is meant. With \`tlsverify\` a client without a certificate of \`tlscacert\` does not get past the handshake.
\`fd://\` takes the sockets that systemd hands over.

`;

/** The reference as Markdown. */
export function renderSettings(): string {
  return `${INTRODUCTION}| key | flag | value | meaning |\n| --- | --- | --- | --- |\n${SETTING_NAMES.map(row).join("")}`;
}

function row(name: SettingName): string {
  const { kind, help, default: initial, within, reloads, note, flag } = SETTINGS[name] as Setting<unknown>;
  const key = `\`${within ? `${within}.` : ""}${name}\`${reloads ? " ↻" : ""}`;
  const flagText = flag ? `\`${flag.short ? `-${flag.short}, ` : ""}--${flagNameOf(name)}\`` : "";
  const meaning = [`${help}.`, initial === undefined ? "" : `Default ${initial.replaceAll('"', "`")}.`, note ?? ""].filter((part) => part !== "").join(" ");
  return `| ${key} | ${flagText} | ${kind.inFile} | ${meaning.replaceAll("|", "\\|")} |\n`;
}

if (import.meta.main) process.stdout.write(renderSettings());
