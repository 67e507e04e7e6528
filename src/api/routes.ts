import type { Route } from "./route.ts";
import { system } from "./system.ts";

/** Every endpoint of the API. */
export const routes: readonly Route[] = [...system];
