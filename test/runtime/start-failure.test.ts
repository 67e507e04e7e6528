import { describe, expect, test } from "bun:test";
import { describeStartFailure, type FailedStart } from "../../src/runtime/start-failure.ts";
import { opName, StartError } from "../../src/runtime/shim-errors.ts";
import { processSpec } from "./spec-fixture.ts";

const CONTAINER = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";
const EXEC = "OCI runtime exec failed: exec failed: unable to start container process: ";
const failed = (args: string[], more: Partial<FailedStart> = {}): FailedStart => ({ kind: "container", process: processSpec(args), ...more });
const error = (op: StartError["op"], errno: number, detail = ""): StartError => new StartError(op, errno, `E${errno}`, detail);

describe("describeStartFailure()", () => {
  test.each([
    ["foo", 2, 'exec: "foo": executable file not found in $PATH', 127, "InvalidParameter"],
    ["foo", 13, 'exec: "foo": executable file not found in $PATH', 127, "InvalidParameter"],
    ["", 2, 'exec: "": executable file not found in $PATH', 127, "InvalidParameter"],
    ["/foo", 2, 'exec: "/foo": stat /foo: no such file or directory', 127, "InvalidParameter"],
    ["dir/x", 2, 'exec: "dir/x": stat dir/x: no such file or directory', 127, "InvalidParameter"],
    ["/notexec", 13, 'exec: "/notexec": permission denied', 126, "InvalidParameter"],
    ["/dir", 21, 'exec: "/dir": is a directory: permission denied', 126, "InvalidParameter"],
    ["/big", 7, 'exec: "/big": argument list too long', 128, "InvalidParameter"],
  ] as const)("of %p with errno %p says what Docker says", (program, errno, cause, exitCode, kind) => {
    expect(describeStartFailure(error("exec", errno, program), failed([program]))).toEqual({ message: CONTAINER + cause, exitCode, kind });
    expect(describeStartFailure(error("exec", errno, program), failed([program], { kind: "exec" })).message).toBe(EXEC + cause);
  });

  test("tells a file that the kernel refuses from one that is not there", () => {
    expect(describeStartFailure(error("exec", 8, "/garbage"), failed(["/garbage"])).late).toEqual({ stderr: "exec /garbage: exec format error\n", exitCode: 255 });
    expect(describeStartFailure(error("exec", 2, "interpreter of /script"), failed(["/script"])).late).toEqual({ stderr: "exec /script: no such file or directory\n", exitCode: 255 });
    expect(describeStartFailure(error("exec", 2, "/script"), failed(["/script"])).late).toBeUndefined();
  });

  test("of a mount names source and target", () => {
    const mounts = [
      { destination: "/dir", type: "bind", source: "/etc/passwd", options: ["rbind", "rprivate"] },
      { destination: "/x", type: "tmpfs", source: "tmpfs", options: ["noexec", "nosuid", "nodev", "size=zz"] },
    ];
    expect(describeStartFailure(error("bind", 20, "/dir"), failed(["true"], { mounts }))).toEqual({
      message: `${CONTAINER}error mounting "/etc/passwd" to rootfs at "/dir": mount src=/etc/passwd, dst=/dir, flags=MS_BIND|MS_REC: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
      exitCode: 127,
      kind: "InvalidParameter",
    });
    expect(describeStartFailure(error("mount", 22, "size=zz"), failed(["true"], { mounts }))).toEqual({
      message: `${CONTAINER}error mounting "tmpfs" to rootfs at "/x": mount src=tmpfs, dst=/x, flags=MS_NOSUID|MS_NODEV|MS_NOEXEC, data=size=zz: invalid argument`,
      exitCode: 128,
      kind: "InvalidParameter",
    });
  });

  test("of anything else names the operation and what it worked on", () => {
    expect(describeStartFailure(error("overlayRoot", 28, "overlay"), failed(["true"])).message).toBe(`${CONTAINER}overlayRoot: overlay: no space left on device`);
    expect(describeStartFailure(error(undefined, 71), failed(["true"])).message).toStartWith(`${CONTAINER}plan: `);
    expect(describeStartFailure(error("hostname", 22, "a"), failed(["true"])).message).toBe(`${CONTAINER}sethostname: invalid argument`);
  });
});

describe("opName()", () => {
  test("knows the plan's operations and no others", () => {
    expect(opName(61)).toBe("exec");
    expect(opName(0)).toBeUndefined();
  });
});
