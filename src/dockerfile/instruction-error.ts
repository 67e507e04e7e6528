/** What is wrong with one instruction, in Docker's words; whoever knows the place makes a DockerfileError of it. */
export class InstructionError extends Error {}
