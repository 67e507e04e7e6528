import type { RootMount } from "../spec/mod.ts";
import { MS, propagationFlags } from "./mount-options.ts";
import type { PlanOp } from "./ops.gen.ts";

/** The first mounts of a namespace: how mounts propagate, then the root on its mount point. */
export function rootOps(root: RootMount | undefined, mountPoint: string, rootfsPropagation: string): PlanOp[] {
  // Slave: host unmounts still reach the copies in this namespace, nothing goes the other way. A shared root is shared once it
  // is the root: the host must not see what is mounted here, and pivot_root(2) takes no shared mounts.
  const wanted = propagationFlags(rootfsPropagation);
  const propagation: PlanOp = { op: "propagation", flags: (wanted === 0n || (wanted & MS.SHARED) !== 0n ? MS.SLAVE : wanted) | MS.REC };
  return root ? [propagation, rootOp(root, mountPoint)] : [propagation];
}

function rootOp(root: RootMount, mountPoint: string): PlanOp {
  switch (root.kind) {
    case "overlay":
      return { op: "overlayRoot", mountPoint, layersDir: root.layersDir, lowers: root.lowers, upper: root.upper, work: root.work };
    case "overlayView":
      return { op: "overlayRoot", mountPoint, layersDir: root.layersDir, lowers: root.lowers, upper: "", work: "" };
    case "bind":
      return { op: "bindRoot", mountPoint, source: root.source };
    default:
      return root satisfies never;
  }
}
