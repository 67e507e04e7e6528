import { ComposeError, type MistakeDetails } from "../errors.ts";

/** A file from elsewhere, once it is on this machine. */
export interface RemoteFile {
  /** Absolute. */
  readonly file: string;
  /** Of all that came with it, absolute. */
  readonly folder: string;
}

/** By the address that a project names: repositories (`https://…git#ref:folder`, `git@…`) and artifacts of registries (`oci://…`). */
export type RemoteFiles = ReadonlyMap<string, RemoteFile>;

/** A file that is elsewhere and was not handed over: who can fetch it does so, and loads again. */
export class RemoteFileError extends ComposeError {
  constructor(
    readonly address: string,
    details: MistakeDetails = {},
  ) {
    super(`remote compose files are not supported: ${address}`, { fix: "fetch it first, and name the file", ...details });
    this.name = "RemoteFileError";
  }
}

const REMOTE = /^(?:(?:https?|git|ssh|oci):\/\/|[\w.-]+@[^\s:/]+:|github\.com\/)/;

export const isRemote = (path: string): boolean => REMOTE.test(path);

/** Undefined for a file of this machine. @throws RemoteFileError */
export function localCopy(path: string, known: RemoteFiles, details?: MistakeDetails): RemoteFile | undefined {
  if (!isRemote(path)) return undefined;
  const copy = known.get(path);
  if (!copy) throw new RemoteFileError(path, details);
  return copy;
}
