/** Files that `bun build --compile` embeds; the import is their path. */
declare module "*/native/hako-shim" {
  const path: string;
  export default path;
}
declare module "*/native/hello" {
  const path: string;
  export default path;
}
declare module "*/native/hako-addon.so" {
  const path: string;
  export default path;
}
