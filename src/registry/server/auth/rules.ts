import { EngineError } from "../../../base/mod.ts";
import type { Action } from "../routes.ts";

/**
 * Who may do what, one rule per line; what no rule allows is refused:
 *
 *   alice       team/**     pull,push,delete
 *   @users      **          pull                 whoever has logged in
 *   @anonymous  public/*    pull                 whoever has not
 *
 * In a pattern, * stands for anything within one part of a name, ** for any number of parts.
 */
export interface Rule {
  readonly who: string;
  readonly pattern: RegExp;
  readonly actions: ReadonlySet<Action>;
}

export const ANONYMOUS = "@anonymous";
export const USERS = "@users";
const ACTIONS: readonly Action[] = ["pull", "push", "delete"];

/** @throws EngineError naming the line that is wrong */
export function parseRules(text: string, path: string): readonly Rule[] {
  return text.split("\n").flatMap((line, i) => {
    const words = line.replace(/(?:^|\s)#.*$/, "").trim().split(/\s+/);
    if (words[0] === "") return [];
    const refuse = (reason: string): EngineError => new EngineError("InvalidParameter", `${path}, line ${i + 1}: ${reason}`);
    const [who = "", pattern = "", actions = "", ...rest] = words;
    if (actions === "" || rest.length > 0) throw refuse("a rule is: who, repositories, actions");
    if (who.startsWith("@") && who !== ANONYMOUS && who !== USERS) throw refuse(`${who} is neither ${ANONYMOUS} nor ${USERS}`);
    if (!/^[a-z0-9._\-/*]+$/.test(pattern)) throw refuse(`${pattern} is no pattern of repository names`);
    return [{ who, pattern: compile(pattern), actions: new Set(actions.split(",").map((word) => parseAction(word, refuse))) }];
  });
}

function parseAction(word: string, refuse: (reason: string) => EngineError): Action {
  const action = ACTIONS.find((each) => each === word);
  if (!action) throw refuse(`${word} is not one of ${ACTIONS.join(", ")}`);
  return action;
}

function compile(pattern: string): RegExp {
  const source = pattern
    .split(/(\*+)/)
    .map((part) => (part === "" ? "" : part === "*" ? "[^/]*" : part.startsWith("*") ? ".*" : part.replace(/[.\-]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`);
}

export function rulesAllow(rules: readonly Rule[], user: string | undefined, action: Action, name: string): boolean {
  return rules.some(({ who, pattern, actions }) => actions.has(action) && isMeant(who, user) && pattern.test(name));
}

const isMeant = (who: string, user: string | undefined): boolean => (user === undefined ? who === ANONYMOUS : who === user || who === USERS);
