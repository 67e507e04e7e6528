import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Sandbox, unavailable } from "./shim-harness.ts";

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

describe.skipIf(unavailable !== undefined)(`shim${unavailable ? ` (skipped: ${unavailable})` : ""}`, () => {
  test("runs a process in an overlay root and reports its exit code", async () => {
    const end = await sandbox.run({ argv: ["sh", "-c", "echo out; echo err >&2; exit 7"] });
    expect(end).toMatchObject({ kind: "exited", exitCode: 7, signal: 0, oomKilled: 0 });
    expect(end.log.stdout).toBe("out\n");
    expect(end.log.stderr).toBe("err\n");
    expect(end.exitFile).toMatchObject({ exitCode: 7, signal: 0, oomKilled: false });
  });
});
