export interface VolumeStore { readonly placeholder?: never }
