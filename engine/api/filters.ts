/** Which pods and images a client wants to hear of. Conditions of one filter are joined by "and", filters by "or". */
import type { ApiImage, ApiPod } from "./replies.ts";
import type { ImageFilter, KeyValue, PodFilter } from "./requests.ts";

export function wantsPod(filters: readonly PodFilter[], pod: ApiPod): boolean {
  return filters.length === 0 || filters.some((filter) => podFits(filter, pod));
}

export function wantsImage(filters: readonly ImageFilter[], image: ApiImage): boolean {
  return filters.length === 0 || filters.some((filter) => imageFits(filter, image));
}

function podFits(filter: PodFilter, pod: ApiPod): boolean {
  const appNames = pod.apps.map(({ name }) => name);
  const imageIds = pod.apps.map(({ image }) => image.id);
  const networkNames = pod.networks.map(({ name }) => name);
  return (
    among(filter.ids, pod.id) &&
    among(filter.states, pod.state) &&
    filter.appNames.every((name) => appNames.includes(name)) &&
    filter.imageIds.every((id) => imageIds.includes(id)) &&
    filter.networkNames.every((name) => networkNames.includes(name)) &&
    hasAll(pod.annotations, filter.annotations) &&
    among(filter.cgroups, pod.cgroup) &&
    (filter.podSubCgroups.length === 0 || filter.podSubCgroups.some((cgroup) => isWithin(cgroup, pod.cgroup)))
  );
}

function imageFits(filter: ImageFilter, image: ApiImage): boolean {
  const { name, importTimestamp: imported } = image;
  const baseName = name.slice(name.lastIndexOf("/") + 1);
  return (
    among(filter.ids, image.id) &&
    among(filter.fullNames, name) &&
    any(filter.prefixes, (prefix) => name.startsWith(prefix)) &&
    any(filter.baseNames, (base) => base === baseName) &&
    any(filter.keywords, (keyword) => name.includes(keyword)) &&
    (filter.importedAfter <= 0n || imported > filter.importedAfter) &&
    (filter.importedBefore <= 0n || imported < filter.importedBefore) &&
    hasAll(image.labels, filter.labels) &&
    hasAll(image.annotations, filter.annotations)
  );
}

function among<T>(wanted: readonly T[], value: T): boolean {
  return wanted.length === 0 || wanted.includes(value);
}

function any(wanted: readonly string[], holds: (each: string) => boolean): boolean {
  return wanted.length === 0 || wanted.some(holds);
}

/** The first value of a name counts. */
function hasAll(there: readonly KeyValue[], wanted: readonly KeyValue[]): boolean {
  return wanted.every(({ key, value }) => there.find((each) => each.key === key)?.value === value);
}

/** The pod's own cgroup, or one below it. A pod that does not run has none. */
function isWithin(cgroup: string, pod: string): boolean {
  return pod !== "" && (cgroup === pod || cgroup.startsWith(pod.endsWith("/") ? pod : `${pod}/`));
}
