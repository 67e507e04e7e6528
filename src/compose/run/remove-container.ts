import { ApiError, removeContainer, waitContainer, type Client } from "../../client/mod.ts";
import { ignoreMissing } from "./networks.ts";

/** Resolves once the container is gone, whoever removes it: a command that was killed may have begun to. @throws ApiError */
export async function removeWholly(client: Client, id: string, options: Parameters<typeof removeContainer>[2] = {}): Promise<void> {
  try {
    await removeContainer(client, id, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409 || !error.detail.includes("already in progress")) return ignoreMissing(error);
    await waitContainer(client, id, "removed").then(({ result }) => result, ignoreMissing);
  }
}
