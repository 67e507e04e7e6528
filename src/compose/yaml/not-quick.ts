/** The text holds what only the library reads. */
export class NotQuick extends Error {}
