/** An ACI in a file, with its signature beside it. */
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, open, realpath, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskFault, hasCode } from "../../../errors/diskFault.ts";
import { Fault } from "../../../errors/fault.ts";
import type { EngineContext } from "../../context.ts";
import type { StoredImage } from "../../store/records.ts";
import { warnOfInsecurity, type Fetching } from "./fetching.ts";
import { temporaryName } from "./part.ts";
import { verifyAndImport } from "./verifiedImport.ts";

export const LARGEST_SIGNATURE = 1 << 20;
const PIECE = 1 << 20;

export async function fetchFile(
  fetching: Fetching,
  path: string,
  signaturePath: string | undefined,
): Promise<StoredImage> {
  const { context } = fetching;
  const notAskedFor = await whyNotAsked(context, path);
  if (notAskedFor !== undefined) {
    if (context.insecure.image) warnOfInsecurity(context, false);
    await assertFile(path);
    const content = () => createReadStream(path, { highWaterMark: PIECE });
    return await verifyAndImport(fetching, { content, signature: { notAskedFor }, latest: false });
  }
  const signature = await readSignature(signaturePath ?? signatureBeside(path));
  await assertFile(path);
  await mkdir(fetching.temporary, { recursive: true });
  // Who can write the file could change it between its verification and its import.
  const copy = join(fetching.temporary, temporaryName("file"));
  try {
    await copyFile(path, copy, constants.COPYFILE_FICLONE).catch((error: unknown) => {
      throw diskFault(error);
    });
    const content = () => createReadStream(copy, { highWaterMark: PIECE });
    return await verifyAndImport(fetching, { content, signature, latest: false });
  } finally {
    await rm(copy, { force: true });
  }
}

/** What came with the engine's own package is as trustworthy as the engine. */
async function whyNotAsked({ insecure, folders }: EngineContext, path: string): Promise<string | undefined> {
  if (await isBelow(path, join(folders.library, "stage1-images"))) return "part of the engine's package";
  return insecure.image ? "--insecure-options=image" : undefined;
}

async function isBelow(path: string, folder: string): Promise<boolean> {
  try {
    return (await realpath(path)).startsWith(`${await realpath(folder)}/`);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return false;
    throw error;
  }
}

async function assertFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && "syscall" in error) error.syscall = "open";
    throw diskFault(error);
  });
  if (!found.isFile()) throw new Fault({ what: `${path} is no regular file` });
}

/** `x.aci` is signed by `x.aci.asc`, and so is `x`. */
export function signatureBeside(path: string): string {
  return `${path.replace(/\.aci$/, "")}.aci.asc`;
}

export async function readSignature(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > LARGEST_SIGNATURE) {
        throw new Fault({ what: `${path} is too large for a signature`, got: `${size} bytes` });
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw diskFault(error);
  }
}
