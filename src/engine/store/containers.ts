export interface ContainerStore { readonly placeholder?: never }
