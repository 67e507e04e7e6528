/** What a shell does with the candidates, as bits. */
export const Directive = { files: 0, error: 1, noSpace: 2, noFiles: 4 } as const;

export interface Candidate {
  readonly name: string;
  readonly description?: string;
}
