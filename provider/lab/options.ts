import { labFolders } from "../../lab/folders.ts";
import type { LabOptions } from "../../lab/options.ts";
import type { OperationContext } from "../protocol/resource.ts";

/** The lab's view of an operation: its lines go to the resource's status column. */
export function labOptions(context: OperationContext): LabOptions {
  return {
    folders: labFolders(),
    progress: (line) => {
      context.log.progress(line);
    },
    signal: context.signal,
  };
}
