/** stdout and stderr in Docker's frames: [stream, 0, 0, 0, length in 4 bytes] and the payload. */
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";
export const RAW_STREAM = "application/vnd.docker.raw-stream";
export const JSON_TYPE = "application/json";
export const TAR_TYPE = "application/x-tar";
