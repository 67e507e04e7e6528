export { imageSchema } from "./schema.ts";
export { openImages, type Images, type ImagesOptions } from "./images.ts";
export type { DeleteResult, Image, ImageUse, InUse } from "./image.ts";
export type { ImportOptions } from "./import.ts";
export type { EmbeddedFile } from "./embedded.ts";
export type { Progress } from "./progress.ts";
export { applyChanges } from "./changes.ts";
export { noSuchImage } from "./resolve.ts";
