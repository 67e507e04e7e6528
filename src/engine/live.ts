export interface LiveTable { readonly placeholder?: never }
