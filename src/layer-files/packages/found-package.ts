/** What an image has installed, as its own records say it. */
export interface FoundPackage {
  readonly type: "deb" | "apk" | "rpm" | "npm" | "pypi";
  readonly name: string;
  readonly version: string;
  /** "" where the record says none. */
  readonly architecture: string;
  readonly license: string;
  /** The record's path. */
  readonly foundIn: string;
}

export interface FoundPackages {
  /** Sorted; each once. */
  readonly packages: readonly FoundPackage[];
  /** `ID` and `VERSION_ID` of os-release. */
  readonly distribution: { readonly id: string; readonly version: string };
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}
