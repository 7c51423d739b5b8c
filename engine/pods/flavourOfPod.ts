import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../errors/fault.ts";
import type { Flavour } from "../../stage1/contract.ts";
import { inPod } from "./podFolders.ts";

/** Those that come with the engine. */
export const flavourNames = ["oci", "host", "fly", "kvm"] as const;

const known: readonly Flavour["name"][] = [...flavourNames, "foreign"];

/** The flavour that a pod was prepared with. */
export function flavourOf(folder: string): Flavour["name"] {
  const path = join(folder, inPod.flavor);
  const text = readFileSync(path, "utf8").trim();
  const flavour = known.find((name) => name === text);
  if (flavour === undefined) {
    throw new Fault({
      what: "unknown stage1 flavour",
      where: path,
      got: text,
      allowed: known.join(", "),
    });
  }
  return flavour;
}
