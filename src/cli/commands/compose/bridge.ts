import { Failure } from "../../failure.ts";

export async function run(): Promise<number> {
  throw new Failure("projects are not converted into other models here: `docker compose config` writes the whole project, which converters of other tools read");
}
