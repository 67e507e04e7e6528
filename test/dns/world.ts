/** A host with a bridge, containers on it and a world outside, each a network namespace; to be used by a process that has one of its own. */
import { AT, closeFd, FIRST_CONTAINER_LINK, insideBatch, linksToPid, loopbackGuardBatch, namespacePath, O, openat2, resolverLinkBatch, Rtnetlink, statx } from "../../src/linux/mod.ts";

export interface Place {
  readonly pid: number;
  readonly rtnl: Rtnetlink;
  readonly address: string;
}

export class World implements Disposable {
  readonly rtnl = new Rtnetlink();
  readonly #children: Bun.Subprocess[] = [];
  readonly #fds: number[] = [];

  constructor() {
    const lo = this.rtnl.link("lo");
    if (lo) this.rtnl.setUp(lo.index);
  }

  bridge(name: string, gateway: string): number {
    const index = this.rtnl.createBridge(name);
    this.rtnl.addAddress(index, `${gateway}/24`);
    this.rtnl.setUp(index);
    return index;
  }

  /** A namespace with one link on a bridge and, where there is a gateway with a resolver, the way to it. */
  async place(master: number, address: string, gateway: string, { guarded = true }: { guarded?: boolean } = {}): Promise<Place> {
    const child = Bun.spawn(["unshare", "--net", "sleep", "120"], { stdin: "ignore", stdout: "ignore" });
    this.#children.push(child);
    const own = statx(AT.FDCWD, namespacePath(process.pid, "net"), 0).ino;
    while (statx(AT.FDCWD, namespacePath(child.pid, "net"), 0).ino === own) await Bun.sleep(1);
    const fd = openat2(AT.FDCWD, namespacePath(child.pid, "net"), { flags: O.RDONLY });
    this.#fds.push(fd);
    const rtnl = new Rtnetlink(fd);
    const index = FIRST_CONTAINER_LINK;
    const batch = linksToPid([{ hostName: `v${child.pid}`, hostIndex: 0x10000000 + child.pid, master, peerName: "eth0", peerIndex: index }]);
    for (const offset of batch.pidOffsets) new DataView(batch.messages.buffer).setUint32(offset, child.pid, true);
    this.rtnl.apply(batch.messages);
    rtnl.apply(insideBatch({ loopback: true, links: [{ index, addresses: [`${address}/24`], withoutLinkLocal: true }], routes: [{ index, gateway }] }));
    if (guarded) rtnl.apply(loopbackGuardBatch());
    rtnl.apply(resolverLinkBatch({ index, gateway, address }));
    return { pid: child.pid, rtnl, address };
  }

  /** What a program prints that runs in that place. */
  async run(place: Place, ...argv: string[]): Promise<string> {
    const child = Bun.spawn(["nsenter", `--net=${namespacePath(place.pid, "net")}`, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [text, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    return (text + errors).trim();
  }

  /** Runs until the world ends; resolves when it has printed "ready". */
  async background(place: Place, ...argv: string[]): Promise<Bun.Subprocess<"ignore", "pipe", "inherit">> {
    const child = Bun.spawn(["nsenter", `--net=${namespacePath(place.pid, "net")}`, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    this.#children.push(child);
    const reader = child.stdout.getReader();
    for (let text = ""; !text.includes("ready"); ) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${argv.join(" ")} ended: ${text}`);
      text += new TextDecoder().decode(value);
    }
    reader.releaseLock();
    return child;
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill(9);
    for (const fd of this.#fds) closeFd(fd);
    this.rtnl[Symbol.dispose]();
  }
}
