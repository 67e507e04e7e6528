import type { MappingNode } from "../tree/node.ts";

export function checkSchema(_project: MappingNode, _file: string): void {}
