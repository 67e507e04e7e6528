/** HCL's native syntax (hcl/hclsyntax/spec.md), as far as data files need it: no static analysis, values are found when they are asked for. */

/** Offset into the text of the file. */
export interface At {
  readonly file: string;
  readonly text: string;
  readonly offset: number;
}

export interface Body {
  readonly attributes: readonly Attribute[];
  readonly blocks: readonly Block[];
}

export interface Attribute {
  readonly name: string;
  readonly value: Expression;
  readonly at: At;
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
  readonly at: At;
}

export type BinaryOperator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%";

export type Expression = { readonly at: At } & (
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "template"; readonly parts: readonly TemplatePart[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly spread: boolean }
  | { readonly kind: "index"; readonly of: Expression; readonly key: Expression }
  /** `a[*].b.c`: what follows the star, applied to each. */
  | { readonly kind: "splat"; readonly of: Expression; readonly each: Expression }
  /** Stands for one item of a splat. */
  | { readonly kind: "item" }
  | { readonly kind: "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "object"; readonly items: readonly { readonly key: Expression; readonly value: Expression }[] }
  | { readonly kind: "for"; readonly shape: "tuple" | "object"; readonly keyName: string | undefined; readonly valueName: string; readonly over: Expression; readonly key: Expression | undefined; readonly value: Expression; readonly grouped: boolean; readonly when: Expression | undefined }
  | { readonly kind: "unary"; readonly operator: "!" | "-"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "conditional"; readonly condition: Expression; readonly whenTrue: Expression; readonly whenFalse: Expression }
);

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly value: Expression }
  | { readonly kind: "if"; readonly condition: Expression; readonly whenTrue: readonly TemplatePart[]; readonly whenFalse: readonly TemplatePart[] }
  | { readonly kind: "for"; readonly keyName: string | undefined; readonly valueName: string; readonly over: Expression; readonly body: readonly TemplatePart[] };
