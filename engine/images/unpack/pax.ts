import { Fault } from "../../../errors/fault.ts";

/** What pax extended headers say over the plain header of the entry that follows. */
export interface PaxRecords {
  readonly path?: Buffer;
  readonly linkpath?: Buffer;
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

export const noPaxRecords: PaxRecords = { attributes: new Map() };

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const attributePrefix = "SCHILY.xattr.";

/** Later records replace earlier ones; an empty value takes the record back, as POSIX has it. */
export function parsePaxRecords(bytes: Buffer, before: PaxRecords = noPaxRecords): PaxRecords {
  const attributes = new Map(before.attributes);
  let { path, linkpath, size, uid, gid, mtime } = before;
  for (const [key, value] of records(bytes)) {
    const given = value.length > 0;
    switch (key) {
      case "path":
        path = given ? value : undefined;
        break;
      case "linkpath":
        linkpath = given ? value : undefined;
        break;
      case "size":
        size = given ? wholeNumber(key, value) : undefined;
        break;
      case "uid":
        uid = given ? wholeNumber(key, value) : undefined;
        break;
      case "gid":
        gid = given ? wholeNumber(key, value) : undefined;
        break;
      case "mtime":
        mtime = given ? decimal(key, value) : undefined;
        break;
      default:
        if (key.startsWith("GNU.sparse.")) {
          throw new Fault({ what: "the archive holds a sparse file, which is not supported" });
        }
        if (key.startsWith(attributePrefix)) attributes.set(key.slice(attributePrefix.length), value);
    }
  }
  return {
    attributes,
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(size === undefined ? {} : { size }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mtime === undefined ? {} : { mtime }),
  };
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record. */
function* records(bytes: Buffer): Generator<readonly [string, Buffer]> {
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const length = space === -1 ? NaN : wholeNumber("length", bytes.subarray(at, space));
    const end = at + length;
    const equals = space === -1 ? -1 : bytes.indexOf(EQUALS, space);
    if (!(end <= bytes.length) || equals === -1 || equals >= end || bytes[end - 1] !== NEWLINE) {
      throw new Fault({ what: "the archive has a malformed pax header" });
    }
    yield [bytes.toString("latin1", space + 1, equals), Buffer.from(bytes.subarray(equals + 1, end - 1))];
    at = end;
  }
}

function wholeNumber(key: string, value: Buffer): number {
  const text = value.toString("latin1");
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) throw malformed(key, text);
  return number;
}

function decimal(key: string, value: Buffer): number {
  const text = value.toString("latin1");
  if (!/^-?[0-9]{1,16}(\.[0-9]*)?$/.test(text)) throw malformed(key, text);
  return Number(text);
}

function malformed(key: string, text: string): Fault {
  return new Fault({
    what: `the archive has a malformed pax header: ${key} is no number`,
    got: JSON.stringify(text.slice(0, 40)),
  });
}
