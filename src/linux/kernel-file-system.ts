import { pinned } from "./addon.ts";
import { call } from "./call.ts";

/** f_type (linux/magic.h) of file systems that show the kernel's state rather than files: proc, sysfs, cgroup, cgroup2, devpts, mqueue, debugfs, tracefs, securityfs, bpf, configfs, efivarfs, selinux. */
const KERNEL_TYPES = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11, 0x62656570, 0xde5e81e4, 0xf97cff8c]);

const buffer = pinned(120);
const view = new DataView(buffer.buffer);

/** Whether what the descriptor holds is on such a file system; reading all of one has no end. */
export function isKernelFileSystem(fd: number): boolean {
  call("fstatfs", fd, buffer);
  return KERNEL_TYPES.has(Number(view.getBigUint64(0, true) & 0xffff_ffffn));
}
