import { expect, test } from "bun:test";
import { findMountPoint, mountPointOf } from "../../src/linux/mod.ts";

const MOUNTINFO = [
  "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
  "30 22 0:26 / /srv rw - tmpfs tmpfs rw",
  "31 22 0:27 / /srv/with\\040space rw master:1 - tmpfs tmpfs rw",
  "32 22 0:28 / /over rw shared:4 - tmpfs tmpfs rw",
  "33 32 0:29 / /over rw - tmpfs tmpfs rw",
].join("\n");

test("findMountPoint() takes the deepest mount, the last of several on one place, and its propagation", () => {
  expect(findMountPoint("/home/x", MOUNTINFO)).toEqual({ path: "/", shared: true, slave: false });
  expect(findMountPoint("/srv/x", MOUNTINFO)).toEqual({ path: "/srv", shared: false, slave: false });
  expect(findMountPoint("/srvx", MOUNTINFO)?.path).toBe("/");
  expect(findMountPoint("/srv/with space/x", MOUNTINFO)).toEqual({ path: "/srv/with space", shared: false, slave: true });
  expect(findMountPoint("/over", MOUNTINFO)?.shared).toBe(false);
});

test("mountPointOf() follows links and knows nothing of what is missing", () => {
  expect(mountPointOf("/proc/self")?.path).toBe("/proc");
  expect(mountPointOf("/nonesuch")).toBeUndefined();
});
