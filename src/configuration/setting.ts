import type { Kind } from "./kinds.ts";

export interface FlagForm {
  /** Where it is not the setting's own name; docker's are in the singular. */
  readonly name?: string;
  readonly short?: string;
}

/** What is said of a value that was asked for: the engine goes on without it, or does not start. */
export type Remark = { readonly kind: "ignored" | "refused"; readonly sentence: string };

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** One line, for help and the reference. */
  readonly help: string;
  /** Shown in help as `(default …)`. */
  readonly default?: string;
  /** Absent: dockerd has no flag for it either. */
  readonly flag?: FlagForm;
  /** The key that holds it in the file, when it is not at the top. */
  readonly within?: string;
  /** SIGHUP takes a new value. */
  readonly reloads?: true;
  remark?(value: T): Remark | undefined;
  /** For the reference: what is said of (some) values. */
  readonly note?: string;
}

type Form<T> = Omit<Setting<T>, "kind" | "help">;

/** `flag: {}` is a flag of the setting's name. */
export const setting = <T>(kind: Kind<T>, help: string, form: Form<NoInfer<T>> = {}): Setting<T> => ({ kind, help, ...form });

const asksForNothing = (value: unknown): boolean => value === false || value === "" || value === 0 || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** Taken from any file, with one sentence in the log. */
export const ignored = (sentence: string) => ({ note: `Has no effect: ${sentence}.`, remark: (value: unknown): Remark | undefined => (asksForNothing(value) ? undefined : { kind: "ignored", sentence }) });

/** To go on without it would be less safe, or something else, than what was asked for. */
export const refused = (sentence: string) => ({ note: `Refused: ${sentence}.`, remark: (value: unknown): Remark | undefined => (asksForNothing(value) ? undefined : { kind: "refused", sentence }) });

/** Only some values are refused or ignored. */
export function unless<T>(kind: Remark["kind"], sentence: string, fine: (value: T) => boolean) {
  return { note: kind === "ignored" ? `Any other value has no effect: ${sentence}.` : `Any other value is refused: ${sentence}.`, remark: (value: T): Remark | undefined => (fine(value) ? undefined : { kind, sentence }) };
}
