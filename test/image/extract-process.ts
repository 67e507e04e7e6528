/** The program of the extraction helper, for tests that run it as a process of its own. */
import { extractMain } from "../../src/archive/mod.ts";

process.exitCode = await extractMain(process.argv.slice(3));
