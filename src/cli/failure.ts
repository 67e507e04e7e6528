import "./core.ts";
/** An ending other than success: what is printed (nothing when empty) and the exit code. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "Failure";
  }
}

/** The command line itself is wrong; shown with the command's usage. */
export class UsageError extends Error {
  constructor(
    message: string,
    /** Docker ends with 125 for flags and with 1 for the number of arguments. */
    readonly exitCode: 1 | 125 = 125,
  ) {
    super(message);
    this.name = "UsageError";
  }
}
