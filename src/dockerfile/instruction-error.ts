/** What is wrong with one instruction, in Docker's words; whoever knows the place makes a DockerfileError of it. */
export class InstructionError extends Error {
  constructor(
    message: string,
    /** The word at fault as it is written, where there is one. */
    readonly word?: string,
  ) {
    super(message);
  }
}
