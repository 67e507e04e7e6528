/** [x86-64, arm64] numbers of the calls this engine makes; -1 where the architecture has none. */
const NUMBERS = {
  accept4: [288, 242], bind: [49, 200], bpf: [321, 280], capget: [125, 90], chdir: [80, 49], chroot: [161, 51], clock_gettime: [228, 113],
  clone3: [435, 435], close: [3, 57], close_range: [436, 436], connect: [42, 203], copy_file_range: [326, 285], dup: [32, 23],
  epoll_create1: [291, 20], epoll_ctl: [233, 21], epoll_pwait: [281, 22], eventfd2: [290, 19], exit_group: [231, 94], faccessat2: [439, 439],
  fallocate: [285, 47], fchdir: [81, 50], fchmod: [91, 52], fchmodat: [268, 53], fchmodat2: [452, 452], fchownat: [260, 54], fcntl: [72, 25], fgetxattr: [193, 10],
  flistxattr: [196, 13], flock: [73, 32], fremovexattr: [199, 16], fsconfig: [431, 431], fsetxattr: [190, 7], fsmount: [432, 432], fsopen: [430, 430],
  fspick: [433, 433], fstat: [5, 80], fstatfs: [138, 44], fsync: [74, 82], ftruncate: [77, 46], getdents64: [217, 61], getpid: [39, 172], getsockname: [51, 204],
  getsockopt: [55, 209], getxattr: [191, 8], ioctl: [16, 29], kill: [62, 129], lgetxattr: [192, 9], linkat: [265, 37], listen: [50, 201],
  listxattr: [194, 11], llistxattr: [195, 12], lremovexattr: [198, 15], lseek: [8, 62], lsetxattr: [189, 6], memfd_create: [319, 279],
  mkdirat: [258, 34], mknodat: [259, 33], mount: [165, 40], mount_setattr: [442, 442], move_mount: [429, 429], open_tree: [428, 428],
  openat: [257, 56], openat2: [437, 437], pidfd_getfd: [438, 438], pidfd_open: [434, 434], pidfd_send_signal: [424, 424], pipe2: [293, 59],
  pivot_root: [155, 41], poll: [7, -1], ppoll: [271, 73], prctl: [157, 167], pread64: [17, 67], prlimit64: [302, 261], pwrite64: [18, 68], quotactl_fd: [443, 443],
  read: [0, 63], readlinkat: [267, 78], recvfrom: [45, 207], removexattr: [197, 14], renameat2: [316, 276], sched_getaffinity: [204, 123],
  sched_yield: [24, 124], seccomp: [317, 277], sendfile: [40, 71], sendto: [44, 206], setns: [308, 268], setsockopt: [54, 208], setxattr: [188, 5],
  shutdown: [48, 210], socket: [41, 198], socketpair: [53, 199], statfs: [137, 43], statx: [332, 291], symlinkat: [266, 36], syncfs: [306, 267],
  sysinfo: [99, 179], umask: [95, 166], umount2: [166, 39], unlinkat: [263, 35], unshare: [272, 97], utimensat: [280, 88], wait4: [61, 260],
  waitid: [247, 95], write: [1, 64],
} as const;

export type SyscallName = keyof typeof NUMBERS;

const column = process.arch === "arm64" ? 1 : 0;

/** This machine's number of each call. */
export const NR = Object.fromEntries(Object.entries(NUMBERS).map(([name, row]) => [name, row[column]])) as Readonly<Record<SyscallName, number>>;
