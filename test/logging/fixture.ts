import type { LoggedContainer } from "../../src/logging/mod.ts";
import type { LogMessage } from "../../src/logging/message.ts";

export const CONTAINER: LoggedContainer = {
  id: "0123456789abcdef".repeat(4), name: "web", imageID: `sha256:${"ab".repeat(32)}`, imageName: "busybox", command: ["sh", "-c", "echo hi"], createdAt: "2026-01-02T03:04:05.6Z",
  env: ["E1=x", "PATH=/bin"], labels: { l1: "v1", other: "o" }, hostname: "vm",
};

/** 2026-01-02T03:04:05.678900000Z */
export const T0 = 1767323045_678900000n;

export function message(line: string, more: Partial<LogMessage> = {}): LogMessage {
  return { stream: "stdout", timeNs: T0, line: Buffer.from(line), ...more };
}
