/** Projects of several files, asked about through the executable: output, messages and exit codes are docker-compose's. */
import { describe, expect, test } from "bun:test";
import { HAKO } from "../harness.ts";
import answers from "./answers/scenarios.json";
import { answersOf, corpusAnswers, type Answer } from "./asking.ts";

/** A failure says all that docker-compose says, and then where and what to do. */
function expectSame(ours: Answer, { exitCode, output, messages }: Answer): void {
  expect({ exitCode: ours.exitCode, output: ours.output }).toEqual({ exitCode, output });
  if (exitCode === 0) expect(ours.messages).toBe(messages);
  else expect(ours.messages).toStartWith(messages);
}

describe("hako compose", async () => {
  const ours = await answersOf([HAKO, "compose"]);
  test.each(Object.entries(answers as Readonly<Record<string, Answer>>))("%s", (name, expected) => {
    const answer = ours[name];
    if (!answer) throw new Error("it was not asked");
    expectSame(answer, expected);
  });
});

const peer = Bun.env["PEER_COMPOSE"];
if (peer) {
  test("docker-compose itself still answers so", async () => {
    expect(await answersOf([peer])).toEqual(answers);
    expect(await corpusAnswers([peer])).toEqual((await import("./answers/corpus.json")).default);
  }, 120_000);
} else test.skip("docker-compose itself (set PEER_COMPOSE to a docker-compose 2.40)", () => {});
