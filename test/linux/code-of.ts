import { SyscallError } from "../../src/linux/mod.ts";

/** The name of the error that the kernel answers with; "" when it does not. */
export function codeOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    return error instanceof SyscallError ? error.code : String(error);
  }
}
