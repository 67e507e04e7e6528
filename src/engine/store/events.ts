export interface EventLog { readonly placeholder?: never }
