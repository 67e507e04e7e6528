/**
 * What a snapshot yields and the runtime takes for a root file system: the one currency between the two.
 * Paths are host paths; `lowers` are names relative to `layersDir`, top layer first.
 */
export type RootMount =
  | { readonly kind: "overlay"; readonly layersDir: string; readonly lowers: readonly string[]; readonly upper: string; readonly work: string }
  | { readonly kind: "overlayView"; readonly layersDir: string; readonly lowers: readonly string[] }
  | { readonly kind: "bind"; readonly source: string };
