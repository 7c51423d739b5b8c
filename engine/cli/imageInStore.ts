import { Fault } from "../../errors/fault.ts";
import { parseName } from "../images/reference.ts";
import type { StoredImage } from "../store/records.ts";
import type { Store } from "../store/store.ts";

/** The image that a person means by an id, the beginning of one, or a name. */
export async function imageInStore(store: Store, text: string): Promise<StoredImage> {
  if (text.startsWith("sha512-")) return await store.byId(text);
  const found = (await asRegistryName(store, text)) ?? (await asName(store, text));
  if (found === undefined) {
    throw new Fault({
      what: `there is no image ${JSON.stringify(text)} in the store`,
      remedy: "see rkt image list",
    });
  }
  return found;
}

/** Images of registries have names that no ACI can have: `127.0.0.1:5000/library/nginx:1.27`. */
async function asRegistryName(store: Store, text: string): Promise<StoredImage | undefined> {
  const name = text.replace(/^docker:\/\//, "");
  const named = (await store.list()).findLast(
    ({ name: own, oci }) =>
      own === name || oci?.repoTags.includes(name) === true || oci?.repoDigests.includes(name) === true,
  );
  return named === undefined || named.kind !== "oci" ? undefined : await store.byId(named.id);
}

async function asName(store: Store, text: string): Promise<StoredImage | undefined> {
  const { name, labels } = parseName(text);
  return await store.byName(name, labels);
}
