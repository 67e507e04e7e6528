export interface ExecTable { readonly placeholder?: never }
