import type { Route } from "./route.ts";

export interface Match {
  readonly route: Route;
  /** Still percent-encoded. */
  readonly ref: string;
}

interface Pattern {
  readonly route: Route;
  readonly prefix: string;
  readonly suffix: string;
}

/**
 * Finds the endpoint of a path. Exact paths win; then the pattern with the longest fixed part, so that
 * `GET /images/json` is the list while `GET /images/a/b/json` inspects `a/b`.
 */
export class Router {
  readonly #exact = new Map<string, Route>();
  readonly #patterns = new Map<string, Pattern[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
    for (const patterns of this.#patterns.values())
      patterns.sort((a, b) => b.prefix.length + b.suffix.length - a.prefix.length - a.suffix.length);
  }

  #add(route: Route): void {
    const open = route.path.indexOf("{");
    if (open < 0) {
      this.#exact.set(`${route.method} ${route.path}`, route);
      return;
    }
    const pattern = { route, prefix: route.path.slice(0, open), suffix: route.path.slice(route.path.indexOf("}") + 1) };
    const patterns = this.#patterns.get(route.method);
    if (patterns) patterns.push(pattern);
    else this.#patterns.set(route.method, [pattern]);
  }

  find(method: string, path: string): Match | undefined {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact) return { route: exact, ref: "" };
    for (const { route, prefix, suffix } of this.#patterns.get(method) ?? []) {
      if (path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix))
        return { route, ref: path.slice(prefix.length, path.length - suffix.length) };
    }
    return undefined;
  }
}
