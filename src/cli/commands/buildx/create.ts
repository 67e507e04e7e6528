import { Failure } from "../../failure.ts";

export async function run(): Promise<number> {
  throw new Failure("ERROR: there is one builder, the engine itself: other instances cannot be made. Its name is default, and it builds without being made or started");
}
