import { DEFAULT_CONTEXT } from "../engine-choice.ts";
import { Failure } from "../failure.ts";

/** @throws Failure in docker's words for a name that a new context cannot have */
export function checkContextName(name: string): void {
  if (name === DEFAULT_CONTEXT) throw new Failure('"default" is a reserved context name');
  if (name === "") throw new Failure("context name cannot be empty");
  const pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$";
  if (!new RegExp(pattern).test(name)) throw new Failure(`context name ${JSON.stringify(name)} is invalid, names are validated against regexp ${JSON.stringify(pattern)}`);
}
