/** What an ACI is built upon, and what that is built upon. */
import { Fault } from "../../../errors/fault.ts";
import type { Dependency } from "../../appc/imageManifest.ts";
import type { StoredImage } from "../../store/records.ts";
import type { Fetching, PullPolicy } from "../download/fetching.ts";
import { showName, type NameReference } from "../reference.ts";
import { fetchName } from "./fetchName.ts";
import { withDefaults } from "./platformLabels.ts";

/** As many as a tree of images may have; a list without end is an attack or a mistake. */
const MOST = 500;

export async function fetchDependencies(
  fetching: Fetching,
  image: StoredImage,
  pullPolicy: PullPolicy,
): Promise<void> {
  const seen = new Set<string>();
  const toFetch = [...image.manifest.dependencies];
  for (let next = toFetch.shift(); next !== undefined; next = toFetch.shift()) {
    const wanted = nameOf(next);
    const key = `${showName(withDefaults(wanted))} ${next.imageID ?? ""}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > MOST) throw new Fault({ what: `the image depends on more than ${MOST} others` });
    const found = await fetchDependency(fetching, next, wanted, pullPolicy);
    toFetch.push(...found.manifest.dependencies);
  }
}

async function fetchDependency(
  fetching: Fetching,
  { imageID: id }: Dependency,
  wanted: NameReference,
  pullPolicy: PullPolicy,
): Promise<StoredImage> {
  if (id !== undefined) {
    const records = await fetching.store.list();
    const there = records.find((record) => record.id.startsWith(id) || id.startsWith(record.id));
    if (there !== undefined) return await fetching.store.byId(there.id);
  }
  const image = await fetchName(fetching, wanted, { pullPolicy });
  const { id: got } = image.record;
  if (id !== undefined && !got.startsWith(id) && !id.startsWith(got)) {
    throw new Fault({
      what: `the dependency ${showName(wanted)} is another image than was meant`,
      got,
      allowed: id,
    });
  }
  return image;
}

function nameOf({ imageName, labels }: Dependency): NameReference {
  return { kind: "name", name: imageName, labels: new Map(labels.map(({ name, value }) => [name, value])) };
}
