import { Fault } from "../../../errors/fault.ts";
import { shown } from "./TarReader.ts";

/** Linux takes no longer names between two slashes. */
const LONGEST_COMPONENT = 255;

/**
 * Bytes of a name as a string of the same length, a character per byte: it can be a key and be cut at slashes, and
 * turns back to the very same bytes.
 */
export function asKey(name: Buffer): string {
  return name.toString("latin1");
}

/** A path made of keys, as the file system calls take it. Plain strings where that is the same: they are quicker. */
export function asPath(key: string): string | Buffer {
  for (let at = 0; at < key.length; at++) if (key.charCodeAt(at) > 127) return Buffer.from(key, "latin1");
  return key;
}

/** The parts of a member's name below the root of its tree. Leading slashes go, as with every tar; `..` is refused. */
export function componentsOf(name: Buffer): string[] {
  const components: string[] = [];
  for (const component of asKey(name).split("/")) {
    if (component === "" || component === ".") continue;
    if (component === "..") {
      throw new Fault({ what: "the archive has a name that leads out of its tree", got: shown(name) });
    }
    if (component.length > LONGEST_COMPONENT) {
      throw new Fault({
        what: `the archive has a name with a part of ${component.length} bytes`,
        got: shown(name),
        allowed: `up to ${LONGEST_COMPONENT} bytes between slashes`,
      });
    }
    components.push(component);
  }
  return components;
}
