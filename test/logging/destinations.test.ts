/** The drivers, each against a receiver that listens. */
import { afterEach, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { join } from "node:path";
import { gunzipSync, inflateSync } from "node:zlib";
import { logDrivers, type Destination } from "../../src/logging/mod.ts";
import type { LogMessage } from "../../src/logging/message.ts";
import { closeFd } from "../../src/linux/mod.ts";
import { scratchFolder } from "../scratch.ts";
import { bindUnixDatagram, receiveDatagram } from "./datagrams.ts";
import { CONTAINER, message } from "./fixture.ts";
import { unpack } from "./unpack.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function folder(): string {
  const dir = scratchFolder();
  mkdirSync(dir, { recursive: true });
  closing.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function open(driver: string, options: Record<string, string>, journal?: string): Promise<Destination> {
  const destination = await logDrivers(journal)[driver]?.open?.({ container: CONTAINER, options, dir: "/nowhere" });
  if (!destination) throw new Error(`${driver} sends nothing`);
  closing.push(() => destination.close());
  return destination;
}

/** Everything that clients of a stream server say. */
async function streamReceiver(make: (onSocket: (socket: Socket) => void) => Server, where: string | 0 = 0, answer?: (bytes: Buffer, socket: Socket) => void) {
  const chunks: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const server = make((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      chunks.push(bytes);
      answer?.(bytes, socket);
      waiting.splice(0).forEach((wake) => wake());
    });
  });
  await new Promise<void>((resolve) => (where === 0 ? server.listen(0, "127.0.0.1", resolve) : server.listen(where, resolve)));
  closing.push(() => server.close());
  const address = server.address();
  const received = async (enough: (bytes: Buffer) => boolean): Promise<Buffer> => {
    for (;;) {
      const all = Buffer.concat(chunks);
      if (enough(all)) return all;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { port: typeof address === "object" && address ? address.port : 0, received };
}

const plain = (onSocket: (socket: Socket) => void): Server => createServer(onSocket);
const endsWith = (text: string) => (bytes: Buffer): boolean => bytes.toString().endsWith(text);

async function udpReceiver() {
  const socket = createSocket("udp4");
  const datagrams: Buffer[] = [];
  const waiting: (() => void)[] = [];
  socket.on("message", (bytes) => {
    datagrams.push(bytes);
    waiting.splice(0).forEach((wake) => wake());
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  closing.push(() => socket.close());
  return {
    port: socket.address().port,
    received: async (count: number): Promise<Buffer[]> => {
      while (datagrams.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return datagrams;
    },
  };
}

const lines: LogMessage[] = [message("hi"), message(""), message("err", { stream: "stderr" })];
const STAMP = /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /;

test("syslog over UDP: a datagram per line, no empty ones, stderr as an error", async () => {
  const receiver = await udpReceiver();
  await (await open("syslog", { "syslog-address": `udp://127.0.0.1:${receiver.port}` })).write(lines);
  const [first, second] = (await receiver.received(2)).map(String);
  expect(first).toMatch(STAMP);
  expect(first?.replace(STAMP, "")).toBe(`0123456789ab[${process.pid}]: hi\n`);
  expect(second).toContain("<27>");
  expect(second).toEndWith(": err\n");
});

test("syslog over TCP: lines one after another, in the format that was asked for", async () => {
  const receiver = await streamReceiver(plain);
  await (await open("syslog", { "syslog-address": `tcp://127.0.0.1:${receiver.port}`, "syslog-format": "rfc5424micro", "syslog-facility": "local3", tag: "{{.Name}}" })).write(lines);
  const text = String(await receiver.received(endsWith("err\n")));
  expect(text.split("\n")[0]).toMatch(new RegExp(`^<158>1 2026-01-0\\dT\\d\\d:\\d\\d:05\\.678900(Z|[+-]\\d\\d:\\d\\d) vm web ${process.pid} web - hi$`));
  expect(text.split("\n").length).toBe(3);
});

test("syslog over a unix stream and over unix datagrams", async () => {
  const path = join(folder(), "s");
  const receiver = await streamReceiver(plain, path);
  await (await open("syslog", { "syslog-address": `unix://${path}`, "syslog-format": "rfc3164" })).write([message("hi")]);
  expect(String(await receiver.received(endsWith("hi\n")))).toContain(` vm 0123456789ab[${process.pid}]: hi`);
  const datagram = join(folder(), "d");
  const socket = bindUnixDatagram(datagram);
  closing.push(() => closeFd(socket));
  await (await open("syslog", { "syslog-address": `unixgram://${datagram}` })).write([message("there")]);
  expect(receiveDatagram(socket).toString()).toEndWith(": there\n");
});

test("syslog over TLS checks the receiver, and counts what it sends (RFC 5425)", async () => {
  const dir = folder();
  const made = Bun.spawnSync(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")]);
  expect(made.exitCode).toBe(0);
  const receiver = await streamReceiver((onSocket) => createTlsServer({ key: readFileSync(join(dir, "key.pem")), cert: readFileSync(join(dir, "cert.pem")) }, onSocket));
  const address = { "syslog-address": `tcp+tls://127.0.0.1:${receiver.port}`, "syslog-format": "rfc5424" };
  await expect(open("syslog", address)).rejects.toThrow();
  await (await open("syslog", { ...address, "syslog-tls-ca-cert": join(dir, "cert.pem") })).write([message("hi")]);
  const text = String(await receiver.received(endsWith("hi\n")));
  const [, length = "", rest = ""] = /^(\d+) (.*)$/s.exec(text) ?? [];
  expect(rest.length).toBe(Number(length));
});

test("journald: fields as the journal takes them", async () => {
  const path = join(folder(), "journal");
  const socket = bindUnixDatagram(path);
  closing.push(() => closeFd(socket));
  const destination = await open("journald", { labels: "l1", "env-regex": "^E", tag: "t" }, path);
  await destination.write([message("two\nlines", { stream: "stderr", partial: { id: "i", ordinal: 2, last: false } })]);
  const entry = receiveDatagram(socket);
  expect(entry.subarray(0, 26)).toEqual(Buffer.concat([Buffer.from("MESSAGE\n"), Buffer.of(9, 0, 0, 0, 0, 0, 0, 0), Buffer.from("two\nlines\n")]));
  const fields = entry.subarray(26).toString().trimEnd().split("\n");
  expect(fields).toContain("PRIORITY=3");
  expect(fields).toEqual(expect.arrayContaining([
    "CONTAINER_ID=0123456789ab", `CONTAINER_ID_FULL=${CONTAINER.id}`, "CONTAINER_NAME=web", "CONTAINER_TAG=t", "SYSLOG_IDENTIFIER=t", "IMAGE_NAME=busybox", "L1=v1", "E1=x",
    "CONTAINER_PARTIAL_MESSAGE=true", "CONTAINER_PARTIAL_ID=i", "CONTAINER_PARTIAL_ORDINAL=2", "CONTAINER_PARTIAL_LAST=false",
  ]));
});

test.each(["journald", "syslog"])("%s: a message that no datagram can hold is left out, and the next one goes", async (driver) => {
  const path = join(folder(), "socket");
  const socket = bindUnixDatagram(path);
  closing.push(() => closeFd(socket));
  const destination = await open(driver, driver === "syslog" ? { "syslog-address": `unixgram://${path}` } : {}, path);
  await destination.write([message("x".repeat(8_000_000)), message("short")]);
  expect(String(receiveDatagram(socket))).toContain("short");
  expect(destination.dropped?.()).toBe(1);
});

test("syslog over UDP: a message that no datagram can hold is left out, and the next one goes", async () => {
  const receiver = await udpReceiver();
  const destination = await open("syslog", { "syslog-address": `udp://127.0.0.1:${receiver.port}` });
  await destination.write([message("x".repeat(70_000)), message("short")]);
  expect(String((await receiver.received(1))[0])).toContain("short");
  expect(destination.dropped?.()).toBe(1);
});

test("journald needs a journal", async () => {
  await expect(open("journald", {}, "/nonexistent/journal")).rejects.toThrow("journald is not enabled on this host");
});

test("gelf over UDP: compressed, in chunks when it is long", async () => {
  const receiver = await udpReceiver();
  const address = { "gelf-address": `udp://127.0.0.1:${receiver.port}` };
  await (await open("gelf", { ...address, labels: "l1" })).write(lines);
  const [first, second] = (await receiver.received(2)).map((bytes) => JSON.parse(gunzipSync(bytes).toString()));
  expect(first).toEqual({
    version: "1.1", host: "vm", short_message: "hi", timestamp: 1767323045.678, level: 6, _command: "sh -c echo hi", _container_id: CONTAINER.id, _container_name: "web",
    _created: CONTAINER.createdAt, _image_id: CONTAINER.imageID, _image_name: "busybox", _l1: "v1", _tag: "0123456789ab",
  });
  expect(second.level).toBe(3);
  await (await open("gelf", { ...address, "gelf-compression-type": "zlib" })).write([message("z")]);
  expect(JSON.parse(inflateSync((await receiver.received(3))[2] ?? Buffer.alloc(0)).toString()).short_message).toBe("z");
  await (await open("gelf", { ...address, "gelf-compression-type": "none" })).write([message("long".repeat(1000))]);
  const chunks = (await receiver.received(7)).slice(3).sort((one, other) => (one[10] ?? 0) - (other[10] ?? 0));
  expect(chunks.map((chunk) => [chunk[0], chunk[1], chunk[10], chunk[11]])).toEqual([0, 1, 2, 3].map((number) => [0x1e, 0x0f, number, 4]));
  expect(JSON.parse(Buffer.concat(chunks.map((chunk) => chunk.subarray(12))).toString()).short_message.length).toBe(4000);
});

test("gelf over TCP: a NUL ends each message", async () => {
  const receiver = await streamReceiver(plain);
  await (await open("gelf", { "gelf-address": `tcp://127.0.0.1:${receiver.port}` })).write(lines);
  const parts = String(await receiver.received((bytes) => bytes.filter((byte) => byte === 0).length === 2)).split("\0");
  expect(parts.slice(0, 2).map((part) => JSON.parse(part).short_message)).toEqual(["hi", "err"]);
});

test("fluentd: the forward protocol's messages", async () => {
  const receiver = await streamReceiver(plain);
  await (await open("fluentd", { "fluentd-address": `127.0.0.1:${receiver.port}`, labels: "l1" })).write([...lines, message("part", { partial: { id: "p", ordinal: 1, last: false } })]);
  const values = unpack(await receiver.received((bytes) => unpack(bytes).length === 4));
  expect(values[0]).toEqual(["0123456789ab", 1767323045, { container_id: CONTAINER.id, container_name: "/web", source: "stdout", log: "hi", l1: "v1" }, {}]);
  expect(values[1]).toMatchObject([{}, {}, { log: "" }, {}].map((value, index) => (index === 2 ? value : expect.anything())));
  expect(values[3]).toEqual(["0123456789ab", 1767323045, { container_id: CONTAINER.id, container_name: "/web", source: "stdout", log: "part", l1: "v1", partial_message: "true", partial_id: "p", partial_ordinal: "1", partial_last: "false" }, {}]);
});

test("fluentd waits for acknowledgements when it was told to, and gives exact times", async () => {
  const path = join(folder(), "f");
  let acknowledges = false;
  const receiver = await streamReceiver(plain, path, (bytes, socket) => {
    if (!acknowledges) return void socket.destroy();
    for (const value of unpack(bytes)) {
      const { chunk } = (value as [unknown, unknown, unknown, { chunk: string }])[3];
      socket.write(Buffer.concat([Buffer.of(0x81, 0xa3), Buffer.from("ack"), Buffer.of(0xa0 | chunk.length), Buffer.from(chunk)]));
    }
  });
  const options = { "fluentd-address": `unix://${path}`, "fluentd-request-ack": "true", "fluentd-sub-second-precision": "true" };
  await expect((await open("fluentd", options)).write([message("lost")])).rejects.toThrow();
  acknowledges = true;
  await (await open("fluentd", options)).write([message("kept")]);
  const [, second] = unpack(await receiver.received((bytes) => unpack(bytes).length === 2)) as [unknown, [string, Buffer, { log: string }]];
  expect(second[2].log).toBe("kept");
  expect([second[1].readUInt32BE(0), second[1].readUInt32BE(4)]).toEqual([1767323045, 678900000]);
});

test("a receiver that hangs up is found out before the next line is lost", async () => {
  const receiver = await streamReceiver((onSocket) => createServer((socket) => (onSocket(socket), socket.end())));
  const destination = await open("syslog", { "syslog-address": `tcp://127.0.0.1:${receiver.port}` });
  for (;;) if (await destination.write([message("x")]).then(() => false, () => true)) break;
});

test.each([
  ["syslog", { "syslog-address": "tcp://127.0.0.1:1" }, "dial tcp 127.0.0.1:1: connect: connection refused"],
  ["fluentd", { "fluentd-address": "127.0.0.1:1" }, "dial tcp 127.0.0.1:1: connect: connection refused"],
  ["fluentd", { "fluentd-address": "unix:///nope" }, "dial unix /nope: connect: no such file or directory"],
  ["gelf", { "gelf-address": "tcp://127.0.0.1:1" }, "gelf: cannot connect to GELF endpoint: 127.0.0.1:1 dial tcp 127.0.0.1:1: connect: connection refused"],
  ["syslog", { "syslog-address": "tcp+tls://127.0.0.1:1", "syslog-tls-ca-cert": "/nope" }, 'could not read CA certificate "/nope": open /nope: no such file or directory'],
])("%s that cannot be reached says why, as Docker does: %j", async (driver, options, words) => {
  await expect(open(driver, options as unknown as Record<string, string>)).rejects.toThrow(words);
});
