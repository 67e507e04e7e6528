/** An attribute as Go's strconv.ParseBool reads it. */
export const isTrue = (text: string | undefined): boolean => text !== undefined && ["1", "t", "true"].includes(text.toLowerCase());
