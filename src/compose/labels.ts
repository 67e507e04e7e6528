/** Labels by which docker-compose knows what belongs to a project, whoever made it. */
export const LABELS = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  configHash: "com.docker.compose.config-hash",
  containerNumber: "com.docker.compose.container-number",
  volume: "com.docker.compose.volume",
  network: "com.docker.compose.network",
  workingDir: "com.docker.compose.project.working_dir",
  configFiles: "com.docker.compose.project.config_files",
  environmentFile: "com.docker.compose.project.environment_file",
  /** `True` for containers of `run`. */
  oneoff: "com.docker.compose.oneoff",
  slug: "com.docker.compose.slug",
  image: "com.docker.compose.image",
  dependencies: "com.docker.compose.depends_on",
  version: "com.docker.compose.version",
  imageBuilder: "com.docker.compose.image.builder",
  /** The container that this one takes the place of. */
  replace: "com.docker.compose.replace",
} as const;

/** The docker-compose whose files, labels and hashes these are. */
export const COMPOSE_VERSION = "2.40.3";
