/** `owner` as in --chown, names looked up in the base; "" is root, and of a copy whoever has the source (of a context: root). */
export type FileAction =
  | {
      readonly action: "copy";
      readonly input: number;
      /** May hold wildcards where `wildcards`. Never leaves the input's root. */
      readonly sources: readonly string[];
      readonly target: string;
      /** The target ends in a slash, or several sources: it is a folder. */
      readonly targetIsFolder: boolean;
      readonly wildcards: boolean;
      readonly parents: boolean;
      readonly exclude: readonly string[];
      readonly owner: string;
      /** Octal digits or chmod's symbols; "" keeps. */
      readonly mode: string;
      /** Archives are unpacked (ADD). */
      readonly unpack: boolean;
      /** With a source of the first folder's content rather than the folder itself (COPY dir /x). */
      readonly contentsOnly: boolean;
      readonly followLinks: boolean;
      /** COPY of what is not there is refused; false for optional sources. */
      readonly required: boolean;
    }
  | { readonly action: "makeFile"; readonly path: string; readonly content: Uint8Array; readonly owner: string; readonly mode: string }
  | { readonly action: "makeFolder"; readonly path: string; readonly owner: string; readonly mode: number }
  | { readonly action: "remove"; readonly path: string; readonly missingIsFine: boolean };
