import type { Mount, Volume } from "../../appc/podManifest.ts";
import { acNameMistake } from "../../appc/names.ts";
import { volumeOf } from "../../appc/volume.ts";
import { boolOf } from "../flagValues.ts";
import { keyedWords } from "./keyedWords.ts";

const keys = ["name", "kind", "source", "readOnly", "recursive", "mode", "uid", "gid"];

/** `NAME,kind=host,source=/srv`: the volume, or what is wrong. */
export function volumeOfText(text: string): Volume | string {
  const words = keyedWords(`name=${text}`);
  const volume = typeof words === "string" ? words : volumeOfWords(words);
  return typeof volume === "string"
    ? `invalid value in --volume flag ${JSON.stringify(text)}: ${volume}`
    : volume;
}

/** `volume=NAME,target=PATH`: the mount, or what is wrong. */
export function mountOfText(text: string): Mount | string {
  const words = keyedWords(text);
  if (typeof words === "string") return words;
  const unknown = [...words.keys()].find((key) => key !== "volume" && key !== "target");
  if (unknown !== undefined) return `unknown mount parameter ${JSON.stringify(unknown)}`;
  const volume = words.get("volume") ?? "";
  const path = words.get("target") ?? "";
  const mistake = acNameMistake(volume);
  if (mistake !== undefined) {
    return `invalid volume name ${JSON.stringify(volume)} in --mount flag ${JSON.stringify(text)}: ${mistake}`;
  }
  return path.startsWith("/")
    ? { volume, path }
    : `target of a mount must be an absolute path: ${JSON.stringify(path)}`;
}

/** `name=NAME,kind=host,source=PATH,target=PATH`: a volume of one app and its mount in one. */
export function mountedVolumeOfText(text: string): Mount | string {
  const words = keyedWords(text);
  if (typeof words === "string") return words;
  const path = words.get("target");
  if (path === undefined) return "missing target= parameter";
  const volume = volumeOfWords(new Map([...words].filter(([key]) => key !== "target")));
  return typeof volume === "string"
    ? `error parsing volume component of MountVolume: ${volume}`
    : { volume: volume.name, path, appVolume: volume };
}

function volumeOfWords(words: ReadonlyMap<string, string>): Volume | string {
  const unknown = [...words.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) return `unknown volume parameter ${JSON.stringify(unknown)}`;
  for (const key of ["readOnly", "recursive"]) {
    const value = words.get(key);
    if (value !== undefined && boolOf(value) === undefined) {
      return `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
    }
  }
  for (const key of ["uid", "gid"]) {
    const value = words.get(key);
    if (value !== undefined && !/^\d{1,10}$/.test(value)) {
      return `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`;
    }
  }
  return volumeOf({
    name: words.get("name"),
    kind: words.get("kind"),
    source: words.get("source"),
    readOnly: boolOf(words.get("readOnly") ?? ""),
    recursive: boolOf(words.get("recursive") ?? ""),
    mode: words.get("mode"),
    uid: numberIn(words, "uid"),
    gid: numberIn(words, "gid"),
  });
}

function numberIn(words: ReadonlyMap<string, string>, key: string): number | undefined {
  const value = words.get(key);
  return value === undefined ? undefined : Number(value);
}
