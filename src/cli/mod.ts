/** What programs use of the command line. */
export { buildForProgram } from "./compose/build-for-programs.ts";
