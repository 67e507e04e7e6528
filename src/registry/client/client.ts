import { RemoteRepository } from "./repository.ts";
import { login } from "./login.ts";
import { search } from "./search.ts";
import { Transfer } from "./transfer.ts";
import type { RegistryClient, RegistryClientOptions } from "./types.ts";

export function openRegistryClient(options: RegistryClientOptions): RegistryClient {
  const transfer = new Transfer(options);
  return {
    repository: (reference, auth = {}) => new RemoteRepository(transfer, reference, auth),
    login: (serverAddress, auth, { signal } = {}) => login(transfer, serverAddress, auth, signal),
    search: (term, options = {}) => search(transfer, term, options),
    close: () => transfer.close(),
  };
}
