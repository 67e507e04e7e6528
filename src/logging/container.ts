/** What drivers may tell about the container that wrote. */
export interface LoggedContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly imageID: string;
  readonly imageName: string;
  readonly command: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
  /** `KEY=value` */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly hostname: string;
}

export const commandText = ({ command }: LoggedContainer): string => command.join(" ");
