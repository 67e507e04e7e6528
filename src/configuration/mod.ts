/** The engine's settings: their table, the file and the flags they come from. Pure: text in, values out. */
export { changedSettings, configure, isReloadable, type Configuration, type ConfigurationFile, type GivenFlags, type Where } from "./configure.ts";
export { ConfigurationError } from "./read-file.ts";
export { renderSettings } from "./reference.ts";
export type { Setting } from "./setting.ts";
export { flagNameOf, SETTING_NAMES, SETTINGS, type SettingName, type Values } from "./settings.ts";
export type * from "./registry.ts";
