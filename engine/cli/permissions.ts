import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { Fault, messageOf } from "../../errors/fault.ts";
import type { EngineContext } from "../context.ts";
import type { DiskStore } from "../store/DiskStore.ts";
import { systemWords } from "./systemWords.ts";

const joinGroup = "do it as root, or become a member of group rkt";

/** Who may not look at pods is told so; an empty list would say that there are none. */
export function refuseUnreadablePods({ folders }: Pick<EngineContext, "folders">): void {
  for (const folder of [folders.data, join(folders.data, "pods")]) {
    try {
      closeSync(openSync(folder, "r"));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw new Fault({ what: `failed to get pod handles: ${systemWords(error)}`, remedy: joinGroup });
    }
  }
}

/** The store, or in rkt's words why it cannot be had. */
export async function openStoreFor(context: EngineContext): Promise<DiskStore> {
  const { openStore } = await import("../store/openStore.ts");
  return await needingStore(() => openStore(context));
}

/** Opens the store in a way of the caller's own. */
export async function needingStore<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw storeFault(error);
  }
}

function storeFault(error: unknown): Fault {
  const details = error instanceof Fault ? error.details : { what: systemWords(error) };
  const refused = /permission denied/.test(details.what) || /permission denied/.test(messageOf(error));
  return new Fault({
    ...details,
    what: details.what.startsWith("cannot open store") ? details.what : `cannot open store: ${details.what}`,
    ...(refused && details.remedy === undefined && { remedy: joinGroup }),
  });
}
