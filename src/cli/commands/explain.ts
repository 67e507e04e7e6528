import { ApiError, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { draw } from "../explain/draw.ts";
import { containerPicture, imagePicture, type ContainerPicture, type ImagePicture } from "../explain/picture.ts";
import { languageFlag } from "../explain/language-flag.ts";
import { wordsOf } from "../explain/words.ts";
import { Failure } from "../failure.ts";
import { printInspected } from "../format/inspect.ts";
import { out } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const format = flags.string("format");
  if (format) return await printInspected(args, async (ref) => JSON.stringify(await pictureOf(client, ref)), { format });
  const words = wordsOf(languageFlag(flags));
  for (const [at, ref] of args.entries()) out(`${at > 0 ? "\n" : ""}${draw(await pictureOf(client, ref), words)}`);
  return 0;
}

/** A container before an image, as everywhere. */
async function pictureOf(client: Client, ref: string): Promise<ContainerPicture | ImagePicture> {
  try {
    return await containerPicture(client, ref);
  } catch (error) {
    // A name of an image can be a bad name for a container.
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 400)) throw error;
  }
  try {
    return await imagePicture(client, ref);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new Failure(`there is no container and no image ${ref}: see hako ps -a and hako images`);
    throw error;
  }
}
