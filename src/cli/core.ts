/**
 * What every command line needs, as one piece: the bundler makes a chunk of each set of modules that are reached from the same
 * places, and each chunk costs a start a tenth of a millisecond. The small modules below import this one, so whoever reaches
 * one of them reaches all. Such imports are kept for what package.json's `sideEffects` names; of all other folders the bundler takes
 * only the modules that are used.
 */
import "../client/mod.ts";
import "./arguments.ts";
import "./command.ts";
import "./config-file.ts";
import "./engine-choice.ts";
import "./engine-program.ts";
import "./failure.ts";
import "./file-system.ts";
import "./flags.ts";
import "./global-flags.ts";
import "./nearest.ts";
import "./output.ts";
import "./parse.ts";
import "./registry-program.ts";
import "./values.ts";
