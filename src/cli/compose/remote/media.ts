/** A project in a registry, as docker-compose publishes it. */
export const ARTIFACT = "application/vnd.docker.compose.project";
export const FILE = "application/vnd.docker.compose.file+yaml";
export const ENV_FILE = "application/vnd.docker.compose.envfile";
/** The config's type, by the version of the image specification; the older one knows an artifact by it. */
export const EMPTY_CONFIG = { "1.0": "application/vnd.docker.compose.config.empty.v1+json", "1.1": "application/vnd.oci.empty.v1+json" } as const;
