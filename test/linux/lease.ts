/** Another process that has a write lease of a file (fcntl(2), "Leases"), and gives it back only when it is told to, or asked by the kernel. */
export async function holdLease(path: string, { yields = false } = {}): Promise<AsyncDisposable & { letGo(): Promise<void> }> {
  const child = Bun.spawn([process.execPath, import.meta.path, path, String(yields)], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  const letGo = async (): Promise<void> => {
    await child.stdin.end();
    await child.exited;
  };
  return { letGo, [Symbol.asyncDispose]: letGo };
}

if (import.meta.main) {
  const { openSync } = await import("node:fs");
  const { call } = await import("../../src/linux/call.ts");
  const [F_SETSIG, F_SETLEASE, F_WRLCK, SIGURG] = [10, 1024, 1, 23];
  const [path = "", yields] = process.argv.slice(2);
  process.on("SIGURG", () => void (yields === "true" && process.exit()));
  const fd = openSync(path, "r+");
  call("fcntl", fd, F_SETSIG, SIGURG);
  call("fcntl", fd, F_SETLEASE, F_WRLCK);
  process.stdout.write("held");
  for await (const _ of process.stdin);
  process.exit();
}
