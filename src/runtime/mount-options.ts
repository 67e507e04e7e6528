/** mount_setattr(2) bits. */
export const MOUNT_ATTR = {
  RDONLY: 0x1n,
  NOSUID: 0x2n,
  NODEV: 0x4n,
  NOEXEC: 0x8n,
  ATIME_MASK: 0x70n,
  NOATIME: 0x10n,
  STRICTATIME: 0x20n,
  NODIRATIME: 0x80n,
  IDMAP: 0x100000n,
  NOSYMFOLLOW: 0x200000n,
} as const;

/** mount(2) flags that say how mounts propagate. */
export const MS = { REC: 0x4000n, UNBINDABLE: 0x20000n, PRIVATE: 0x40000n, SLAVE: 0x80000n, SHARED: 0x100000n } as const;

export interface MountOptions {
  readonly bind: boolean;
  /** rbind: the mounts below the source come along. */
  readonly recursive: boolean;
  readonly attributesSet: bigint;
  readonly attributesClear: bigint;
  /** One of rro, rnosuid …: the attributes apply to the mounts below, too. */
  readonly attributesRecursive: boolean;
  /** MS_* bits; 0: as the kernel leaves it. */
  readonly propagation: bigint;
  /** What belongs to the file system: `size=64m`, `mode=755`, `sync` … */
  readonly fsOptions: readonly string[];
}

/** Words that set or clear a mount attribute. */
const ATTRIBUTES: Readonly<Record<string, { set?: bigint; clear?: bigint }>> = {
  ro: { set: MOUNT_ATTR.RDONLY },
  rw: { clear: MOUNT_ATTR.RDONLY },
  nosuid: { set: MOUNT_ATTR.NOSUID },
  suid: { clear: MOUNT_ATTR.NOSUID },
  nodev: { set: MOUNT_ATTR.NODEV },
  dev: { clear: MOUNT_ATTR.NODEV },
  noexec: { set: MOUNT_ATTR.NOEXEC },
  exec: { clear: MOUNT_ATTR.NOEXEC },
  nosymfollow: { set: MOUNT_ATTR.NOSYMFOLLOW },
  symfollow: { clear: MOUNT_ATTR.NOSYMFOLLOW },
  idmap: { set: MOUNT_ATTR.IDMAP },
  nodiratime: { set: MOUNT_ATTR.NODIRATIME },
  diratime: { clear: MOUNT_ATTR.NODIRATIME },
  // The access time modes are one field of which exactly one value holds: mount_setattr(2) wants the whole field cleared.
  noatime: { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME_MASK },
  atime: { clear: MOUNT_ATTR.ATIME_MASK },
  relatime: { clear: MOUNT_ATTR.ATIME_MASK },
  norelatime: { clear: MOUNT_ATTR.ATIME_MASK },
  strictatime: { set: MOUNT_ATTR.STRICTATIME, clear: MOUNT_ATTR.ATIME_MASK },
  nostrictatime: { clear: MOUNT_ATTR.ATIME_MASK },
};

const PROPAGATION: Readonly<Record<string, bigint>> = {
  private: MS.PRIVATE,
  rprivate: MS.PRIVATE | MS.REC,
  slave: MS.SLAVE,
  rslave: MS.SLAVE | MS.REC,
  shared: MS.SHARED,
  rshared: MS.SHARED | MS.REC,
  unbindable: MS.UNBINDABLE,
  runbindable: MS.UNBINDABLE | MS.REC,
};

/** Words with no effect on a new mount. `tmpcopyup` is what happens after it. */
const WITHOUT_EFFECT = new Set(["", "defaults", "remount", "silent", "loud", "tmpcopyup"]);

/** Reads the mount(8) words of an OCI mount (config.md#mounts); a later word overrides an earlier one. */
export function parseMountOptions(options: readonly string[]): MountOptions {
  let bind = false;
  let recursive = false;
  let set = 0n;
  let clear = 0n;
  let attributesRecursive = false;
  let propagation = 0n;
  const fsOptions: string[] = [];
  const apply = (attribute: { set?: bigint; clear?: bigint }): void => {
    set = (set & ~(attribute.clear ?? 0n)) | (attribute.set ?? 0n);
    clear = (clear & ~(attribute.set ?? 0n)) | (attribute.clear ?? 0n);
  };
  for (const word of options) {
    const attribute = ATTRIBUTES[word];
    const recursiveAttribute = word.startsWith("r") ? ATTRIBUTES[word.slice(1)] : undefined;
    if (word === "bind" || word === "rbind") {
      bind = true;
      recursive ||= word === "rbind";
    } else if (attribute) {
      apply(attribute);
    } else if (word in PROPAGATION) {
      propagation = PROPAGATION[word] ?? 0n;
    } else if (recursiveAttribute) {
      apply(recursiveAttribute);
      attributesRecursive = true;
    } else if (!WITHOUT_EFFECT.has(word)) {
      fsOptions.push(word);
    }
  }
  return { bind, recursive, attributesSet: set, attributesClear: clear, attributesRecursive, propagation, fsOptions };
}

/** The propagation word of `rootfsPropagation` (config-linux.md#rootfs-mount-propagation). */
export function propagationFlags(word: string): bigint {
  return PROPAGATION[word] ?? 0n;
}
