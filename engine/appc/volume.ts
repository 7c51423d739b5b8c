import { acNameMistake } from "./names.ts";
import type { Volume } from "./podManifest.ts";

/** The words of a volume as a manifest or a command line has them. */
export interface VolumeWords {
  readonly name: string | undefined;
  readonly kind: string | undefined;
  readonly source: string | undefined;
  readonly readOnly: boolean | undefined;
  readonly recursive: boolean | undefined;
  readonly mode: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The volume, or what is wrong with its words. */
export function volumeOf(words: VolumeWords): Volume | string {
  const { name = "", kind, source = "", readOnly = false } = words;
  if (name === "") return "name must be set";
  const mistake = acNameMistake(name);
  if (mistake !== undefined) return mistake;
  switch (kind) {
    case "host":
      if (source === "") return "source for host volume cannot be empty";
      if (words.mode !== undefined) return "mode for host volume cannot be set";
      if (words.uid !== undefined) return "uid for host volume cannot be set";
      if (words.gid !== undefined) return "gid for host volume cannot be set";
      if (!source.startsWith("/")) return "source for host volume must be absolute path";
      return { name, kind, source, readOnly, recursive: words.recursive ?? true };
    case "empty": {
      if (source !== "") return "source for empty volume must be empty";
      const { mode = "0755", uid = 0, gid = 0 } = words;
      if (!/^[0-7]{1,5}$/.test(mode)) return `mode for empty volume must be octal: ${JSON.stringify(mode)}`;
      return { name, kind, readOnly, mode, uid, gid };
    }
    case undefined:
    default:
      return 'unrecognized volume kind: should be one of "empty", "host"';
  }
}
