import { containerName, type Separator } from "../container/names.ts";
import { containerHash, type FirstContainer } from "../container/references.ts";
import { LABELS } from "../labels.ts";
import type { Project, Service } from "../model/project.ts";
import { scaleOf } from "../project/scale.ts";
import type { ObservedContainer } from "./observe.ts";

export type RecreatePolicy = "diverged" | "force" | "never";

/** What is to become of one container. */
export type Step =
  | { readonly kind: "keep"; readonly container: ObservedContainer }
  | { readonly kind: "create"; readonly number: number; readonly name: string; readonly reason: string }
  | { readonly kind: "recreate"; readonly container: ObservedContainer; readonly name: string; readonly reason: string }
  | { readonly kind: "remove"; readonly container: ObservedContainer; readonly reason: string }
  /** A replacement whose predecessor is gone takes its name. */
  | { readonly kind: "rename"; readonly container: ObservedContainer; readonly name: string };

/** What is compared with what is there. */
export interface Expectation {
  /** `sha256:…` of the service's image; undefined while it is not known. */
  readonly imageID: string | undefined;
  /** Ids of the networks that it must be connected to; undefined for one that is yet to be made. */
  readonly networkIDs: readonly (string | undefined)[];
  /** Names of the volumes that it must have. */
  readonly volumeNames: readonly string[];
  /** Services whose namespaces or volumes it shares are made anew. */
  readonly sharedWith: readonly string[];
  readonly firstContainer: FirstContainer;
  readonly recreate: RecreatePolicy;
  readonly separator?: Separator;
}

/** For one service: what its containers are, against what they should be. */
export function planService(project: Pick<Project, "name">, service: Service, containers: readonly ObservedContainer[], expected: Expectation): Step[] {
  const { recreate, separator } = expected;
  const scale = scaleOf(service);
  const name = (number: number): string => containerName(project.name, service, number, separator);
  const { whole, leftovers } = withoutLeftovers(containers, name);
  const judged = whole.map((container) => ({ container, reason: divergence(service, container, expected) }));
  // Of too many, those go first that would be made anew, then the youngest.
  const kept = [...judged].sort((a, b) => Number(a.reason !== undefined) - Number(b.reason !== undefined) || a.container.number - b.container.number).slice(0, scale);
  const steps: Step[] = [...leftovers];
  for (const { container, reason } of judged) {
    if (!kept.some((each) => each.container === container)) steps.push({ kind: "remove", container, reason: `the service has ${scale} container${scale === 1 ? "" : "s"}` });
    else if (reason !== undefined && recreate !== "never") steps.push({ kind: "recreate", container, name: name(container.number), reason });
    else if (recreate === "force") steps.push({ kind: "recreate", container, name: name(container.number), reason: "asked for" });
    else steps.push({ kind: "keep", container });
    if (container.labels[LABELS.replace] !== undefined && container.name !== name(container.number) && steps.at(-1)?.kind === "keep") steps.push({ kind: "rename", container, name: name(container.number) });
  }
  for (const number of freeNumbers(whole, scale - kept.length)) steps.push({ kind: "create", number, name: name(number), reason: "it is not there" });
  return steps;
}

/** A recreation that was cut short leaves two containers of one number: the new one goes while the one of the right name is there. */
function withoutLeftovers(containers: readonly ObservedContainer[], nameOf: (number: number) => string): { whole: ObservedContainer[]; leftovers: Step[] } {
  const leftover = ({ name, number, labels }: ObservedContainer): boolean => labels[LABELS.replace] !== undefined && name !== nameOf(number) && containers.some((other) => other.number === number && other.name === nameOf(number));
  return {
    whole: containers.filter((container) => !leftover(container)),
    leftovers: containers.filter(leftover).map((container) => ({ kind: "remove", container, reason: "a recreation was cut short" })),
  };
}

/** Why the container is not what the service says; undefined when it is. */
function divergence(service: Service, container: ObservedContainer, { imageID, networkIDs, volumeNames, sharedWith, firstContainer }: Expectation): string | undefined {
  const { labels, networks, mounts } = container;
  if (sharedWith.length > 0) return `it shares with ${sharedWith.join(", ")}, made anew`;
  if (labels[LABELS.configHash] !== containerHash(service, firstContainer)) return "its configuration has changed";
  if (imageID !== undefined && (labels[LABELS.image] ?? imageID) !== imageID) return "its image has changed";
  const connected = new Set(networks.values());
  // A container that never ran knows its networks by name alone.
  const known = [...connected].some((id) => id !== "");
  if (networkIDs.some((id) => id === undefined || (known && !connected.has(id)))) return "its networks have changed";
  return volumeNames.some((name) => !mounts.some((mount) => mount.Name === name)) ? "its volumes have changed" : undefined;
}

function freeNumbers(containers: readonly ObservedContainer[], count: number): number[] {
  const taken = new Set(containers.map(({ number }) => number));
  const free: number[] = [];
  for (let number = 1; free.length < count; number++) if (!taken.has(number)) free.push(number);
  return free;
}
