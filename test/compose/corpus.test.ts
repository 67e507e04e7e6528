/** Every key in every form: what we make of the files of corpus/ is what docker-compose makes of them, to the byte. `answers/` is made by make-answers.ts. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ALL_STEPS, imageOf, loadProject, loadProjectTree, serviceHash, treeOut, writeJson, writeProject, writeYaml, type LoadProjectOptions, type LoadSteps } from "../../src/compose/mod.ts";
import answers from "./answers/corpus.json";
import { CORPUS, CORPUS_ENVIRONMENT, corpusFiles, type Answer } from "./asking.ts";

const known = answers as Readonly<Record<string, Answer>>;

const options = (name: string): LoadProjectOptions => ({ files: [join(CORPUS, `${name}.yaml`)], projectDirectory: "/srv/app", environment: CORPUS_ENVIRONMENT });
const written = (name: string, steps: Partial<LoadSteps> = {}): string => writeYaml(writeProject(loadProject({ ...options(name), steps: { ...ALL_STEPS, ...steps } }), "yaml")).replaceAll("$", "$$$$");

function hashes(name: string): string {
  const { services } = loadProject({ ...options(name), resolveEnvironment: false, discardLabelFiles: true });
  return Object.values(services).toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((service) => `${service.name} ${serviceHash(service)}\n`).join("");
}

function images(name: string): string {
  const project = loadProject({ ...options(name), profiles: ["*"] });
  return [...Object.values(project.services).map((service) => imageOf(service, project)), ""].toSorted().join("\n");
}

/** What each question comes to in the library. */
const ASKED: Readonly<Record<string, (name: string) => string>> = {
  "config": written,
  "config --format json": (name) => writeJson(writeProject(loadProject(options(name)), "json"), 2).replaceAll("$", "$$$$"),
  "config --hash *": hashes,
  "config --no-interpolate": (name) => writeYaml(treeOut(loadProjectTree(options(name), { ...ALL_STEPS, interpolate: false }).tree)),
  "config --no-normalize": (name) => written(name, { normalize: false }),
  "config --no-path-resolution": (name) => written(name, { resolvePaths: false }),
  "--profile * config --images": images,
};

describe.each(corpusFiles())("%s", (name) => {
  const cases = Object.entries(ASKED).flatMap(([words, answer]) => {
    const expected = known[`${name} [${words}]`];
    return expected ? [[words, answer, expected] as const] : [];
  });

  test.each(cases)("%s", (_, answer, { exitCode, output, messages }) => {
    if (exitCode === 0) expect(answer(name)).toBe(output);
    else expect(() => answer(name)).toThrow(messages.replace(/^validating (\S+)/, (_line, file: string) => `validating ${join(CORPUS, file)}`));
  });
});
