export { openSsh } from "./open-ssh.ts";
