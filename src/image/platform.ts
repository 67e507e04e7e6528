/** A platform as a user asks for it; what is left out is of no matter. */
export interface PlatformWish {
  readonly os: string;
  readonly architecture: string | undefined;
  readonly variant: string | undefined;
}

export interface PlatformOf {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

export function platformMatches(platform: PlatformOf, { os, architecture, variant }: PlatformWish): boolean {
  return os === platform.os && (architecture ?? platform.architecture) === platform.architecture && (variant === undefined || (platform.variant || variant) === variant);
}

export function platformText({ os, architecture, variant }: PlatformWish | PlatformOf): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== "").join("/");
}
