import { VERSION } from "../../build-info.ts";
import { out } from "../../output.ts";

export async function run(): Promise<number> {
  out(`hako ${VERSION}\n`);
  return 0;
}
