import { expect, test } from "bun:test";
import { requireRuntime, runtimeChoice, runtimesShape } from "../../src/engine/runtime-choice.ts";

const defaults = { runtimes: { crun: { path: "/usr/bin/crun", runtimeArgs: ["--debug"] }, kata: { runtimeType: "io.containerd.kata.v2" } } };

test("runtimeChoice() takes Docker's names of its own runtime for the engine's", () => {
  for (const name of ["runc", "io.containerd.runc.v2", "hako"]) expect(runtimeChoice(defaults, name)).toEqual({});
});

test("runtimeChoice() gives the program of a configured runtime", () => {
  expect(runtimeChoice(defaults, "crun")).toEqual({ runtime: { path: "/usr/bin/crun", args: ["--debug"] } });
});

test("requireRuntime() refuses what stands for nothing in Docker's words", () => {
  expect(() => requireRuntime(defaults, "nope")).toThrow("unknown or invalid runtime name: nope");
  expect(() => requireRuntime(defaults, "toString")).toThrow("unknown or invalid runtime name: toString");
  expect(() => requireRuntime(defaults, "kata")).toThrow("needs containerd");
});

test("runtimesShape() shows the engine's own runtime under the names that clients look for", () => {
  expect(Object.keys(runtimesShape(defaults))).toEqual(["io.containerd.runc.v2", "crun", "kata", "runc"]);
});
