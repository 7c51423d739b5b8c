/** Where the lab keeps its things: everything lies below the project's cache folder, but for one record in /run. */
import { homedir } from "node:os";
import { join } from "node:path";

export interface LabFolders {
  /** The cache as a whole. */
  readonly cache: string;
  /** Base trees, kept over `make down`. */
  readonly lab: string;
  /** One folder for each network, holding one for each of its hosts. */
  readonly state: string;
}

export function labFolders(cache: string = process.env["RKTNETES_CACHE"] ?? ""): LabFolders {
  const root = cache === "" ? join(homedir(), ".cache", "rktnetes") : cache;
  const lab = join(root, "lab");
  return { cache: root, lab, state: join(lab, "state") };
}

export function networkFolder(folders: LabFolders, network: string): string {
  return join(folders.state, network);
}

export function hostFolder(folders: LabFolders, network: string, host: string): string {
  return join(networkFolder(folders, network), host);
}
