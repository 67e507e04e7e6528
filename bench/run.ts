/**
 * Prints a table of our figures beside Docker Engine's, interleaved in one run on one machine. Only ratios of one run count.
 *
 *   --docker unix:///path/docker.sock   the engine to compare with (default: DOCKER_HOST, then Docker's own default)
 *   --quick                             fewer repetitions, 50 MB of logs, 100 idle containers
 *   --only text                         measures whose name contains text
 *   --alone                             without a Docker Engine
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { composeMeasures } from "./compose-measures.ts";
import { docker, ours, type Side } from "./engines.ts";
import { fileMeasures } from "./file-measures.ts";
import { imageMeasures } from "./image-measures.ts";
import { publishMeasures } from "./publish-measures.ts";
import { tagMeasures } from "./tag-measures.ts";
import { volumeMeasures } from "./volume-measures.ts";
import { pullMemoryMeasures, transferMeasures } from "./transfer-measures.ts";
import { nameMeasures } from "./name-measures.ts";
import { measures, scaling, type Measure } from "./measures.ts";
import { median } from "./median.ts";
import { networkMeasures, portScaling } from "./network-measures.ts";
import { trafficMeasures } from "./traffic-measures.ts";

const { values: flags } = parseArgs({
  args: process.argv.slice(2),
  options: { docker: { type: "string" }, quick: { type: "boolean" }, only: { type: "string" }, alone: { type: "boolean" } },
});

interface Samples {
  readonly ours: number[];
  readonly theirs: number[];
}

/** One sample of each side in turn, and the first of each pair alternates: drift of the machine meets both. */
async function interleaved(measure: Measure, mine: Side, theirs: Side | undefined): Promise<Samples> {
  const samples: Samples = { ours: [], theirs: [] };
  const sides = [{ side: mine, into: samples.ours }, ...(theirs ? [{ side: theirs, into: samples.theirs }] : [])];
  for (const { side } of sides) await measure.prepare?.(side);
  try {
    const repetitions = flags.quick ? measure.quickRepetitions : measure.repetitions;
    for (let i = 0; i < repetitions; i++) {
      for (const { side, into } of i % 2 ? sides.toReversed() : sides) into.push(await measure.measure(side));
    }
  } finally {
    for (const { side } of sides) await measure.release?.(side);
  }
  return samples;
}

const fraction = (goal: number): string => (goal > 1 / 2 ? `${Math.round(goal * 3)}/3` : `1/${Math.round(1 / goal)}`);
const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const spread = (samples: readonly number[]): string => (samples.length > 1 ? `${figure(Math.min(...samples))}–${figure(Math.max(...samples))}` : "");

function row(measure: Measure, samples: Samples): string {
  const mine = median(samples.ours);
  const theirs = median(samples.theirs);
  const ratio = theirs > 0 ? `1/${(theirs / mine).toFixed(1)}` : "";
  const goal = measure.most !== undefined ? `${measure.most} ${measure.unit}` : measure.goal === 1 ? "1" : fraction(measure.goal);
  return `| ${measure.name} | ${figure(mine)} ${measure.unit} | ${theirs > 0 ? `${figure(theirs)} ${measure.unit}` : ""} | ${ratio} | ${goal} | ${spread(samples.ours)} | ${spread(samples.theirs)} |`;
}

const host = flags.docker ?? process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
await using mine = await ours();
await using theirs = flags.alone ? undefined : await docker(host);

console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, ${mine.name} beside ${theirs?.name ?? "nothing"}, medians\n`);
console.log(`| measure | ours | theirs | ratio | to reach | ours, spread | theirs, spread |\n| --- | --- | --- | --- | --- | --- | --- |`);
for (const measure of [...measures(flags.quick ? 50 : 500), ...fileMeasures(flags.quick ? 200 : 1000), ...networkMeasures(), ...volumeMeasures(), ...publishMeasures(), ...trafficMeasures(flags.quick ? 2 : 8), ...nameMeasures(flags.quick ? 2000 : 10_000), ...transferMeasures(flags.quick ? 100 : 380), ...pullMemoryMeasures(flags.quick ? 200 : 2048), ...tagMeasures(1000), ...imageMeasures(flags.quick ? 100 : 373), ...composeMeasures()]) {
  if (flags.only !== undefined && !measure.name.includes(flags.only)) continue;
  try {
    console.log(row(measure, await interleaved(measure, mine, theirs)));
  } catch (error) {
    console.log(`| ${measure.name} | failed: ${String(error).split("\n")[0]} | | | | | |`);
  }
}
if (flags.only === undefined || "idle containers".includes(flags.only)) {
  const many = flags.quick ? 100 : 300;
  console.log(`\n| with idle containers | 10 | ${many} | ratio (at most 1.3) |\n| --- | --- | --- | --- |`);
  for (const { name, few, many: lots } of await scaling(mine, many, flags.quick ? 5 : 15)) console.log(`| \`${name}\` | ${figure(few)} ms | ${figure(lots)} ms | ${(lots / few).toFixed(2)} |`);
}
if (flags.only === undefined || "published ports".includes(flags.only)) {
  const many = flags.quick ? 200 : 1000;
  console.log(`\n| with published ports | 1 | ${many} | ratio |\n| --- | --- | --- | --- |`);
  for (const { name, few, many: lots } of await portScaling(mine, many, flags.quick ? 5 : 15)) console.log(`| ${name} | ${figure(few)} ms | ${figure(lots)} ms | ${(lots / few).toFixed(2)} |`);
}
