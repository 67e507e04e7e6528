import { RemoteRepository } from "./repository.ts";
import { Transfer } from "./transfer.ts";
import type { RegistryClient, RegistryClientOptions } from "./types.ts";

export function openRegistryClient(options: RegistryClientOptions): RegistryClient {
  const transfer = new Transfer(options);
  return {
    repository: (reference, auth = {}) => new RemoteRepository(transfer, reference, auth),
    close: () => transfer.close(),
  };
}
