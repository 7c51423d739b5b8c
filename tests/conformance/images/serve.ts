/** Puts critest's images into the lab's registry, where a mirror of every registry would have them. */
import { pushImage } from "../../../lab/images/push.ts";
import type { BuiltImages } from "./build.ts";
import { nameOf, placeOf, testImages, unsignedTwinOf, type Place } from "./catalogue.ts";
import { signatureNameOf, signatureTagOf } from "./signatures.ts";

/** Each image with its signatures, and a twin of each that nobody has signed. */
export async function serveImages({ layout }: BuiltImages, server: string): Promise<void> {
  let first: string | undefined;
  const push = async (name: string, { repository, tag }: Place): Promise<string> => {
    const mountFrom = first === undefined || first === repository ? {} : { mountFrom: first };
    const digest = await pushImage(layout, name, { server, repository, tag, ...mountFrom });
    first ??= repository;
    return digest;
  };
  for (const image of testImages) {
    for (const reference of image.references) {
      const place = placeOf(reference);
      const digest = await push(nameOf(image), place);
      await push(signatureNameOf(image), { ...place, tag: signatureTagOf(digest) });
      await push(nameOf(image), placeOf(unsignedTwinOf(reference)));
    }
  }
}
