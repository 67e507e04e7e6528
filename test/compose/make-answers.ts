/**
 * Writes what docker-compose answers to the corpus and the scenarios into `answers/`:
 *
 *   PEER_COMPOSE=/path/to/docker-compose bun --no-env-file test/compose/make-answers.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { answersOf, corpusAnswers, type Answer } from "./asking.ts";

const program = Bun.env["PEER_COMPOSE"];
if (!program) throw new Error("PEER_COMPOSE names no docker-compose");
const save = (name: string, answers: Readonly<Record<string, Answer>>): void => writeFileSync(join(import.meta.dir, "answers", `${name}.json`), `${JSON.stringify(answers, null, 1)}\n`);
save("corpus", await corpusAnswers([program]));
save("scenarios", await answersOf([program]));
