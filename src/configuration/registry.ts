/** Everything that a registry server can be told. */
export interface RegistrySettings {
  readonly hostname: string;
  readonly port: number;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly root: string;
  readonly readOnly: boolean;
  /** How old what nothing refers to must be before it counts as garbage. */
  readonly graceMs: number;
}
