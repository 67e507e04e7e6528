export * from "./client/mod.ts";
