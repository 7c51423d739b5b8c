/** Names for objects that the program leaves unnamed: the resource's name and a random end. */
import { randomBytes } from "node:crypto";
import { isMap, type Properties, type Value } from "../../../../provider/protocol/value.ts";
import { AUTONAMED } from "./annotation.ts";

/** DNS labels, the strictest of Kubernetes' rules for names. */
const LONGEST_NAME = 63;

export type RandomSuffix = () => string;

export const randomSuffix: RandomSuffix = () => randomBytes(4).toString("hex");

/**
 * Gives an unnamed object the name it had before, if it was named here, or a new one. What is not known yet
 * counts as named, and metadata or annotations that are not known yet are left alone.
 */
export function named(
  news: Properties,
  olds: Properties,
  resourceName: string,
  suffix: RandomSuffix,
): Properties {
  const metadata = news["metadata"] ?? {};
  if (!isMap(metadata) || isSet(metadata["name"]) || isSet(metadata["generateName"])) return news;
  const name = adoptedName(olds) ?? inventedName(resourceName, suffix);
  const annotations = metadata["annotations"] ?? {};
  return {
    ...news,
    metadata: {
      ...metadata,
      name,
      annotations: isMap(annotations) ? { ...annotations, [AUTONAMED]: "true" } : annotations,
    },
  };
}

export function inventedName(resourceName: string, suffix: RandomSuffix): string {
  const end = `-${suffix()}`;
  return `${resourceName.slice(0, LONGEST_NAME - end.length)}${end}`;
}

function adoptedName(olds: Properties): string | undefined {
  const metadata = olds["metadata"];
  if (metadata === undefined || !isMap(metadata)) return undefined;
  const annotations = metadata["annotations"];
  const autonamed = annotations !== undefined && isMap(annotations) && annotations[AUTONAMED] === "true";
  return autonamed && typeof metadata["name"] === "string" ? metadata["name"] : undefined;
}

function isSet(value: Value | undefined): boolean {
  return value !== undefined && value !== null && value !== "";
}
