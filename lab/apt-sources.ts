/** The machine's own Debian sources, for another release. Mirrors and proxies that work outside work inside. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../errors/fault.ts";
import { isMissing, readIfThere } from "./files.ts";
import { run } from "./program.ts";

export interface Source {
  readonly uri: string;
  /** What follows the release's name: "", "-updates", "-security". */
  readonly pocket: string;
}

/** Sources of the machine's Debian release. */
export async function machineSources(): Promise<Source[]> {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec((await readIfThere("/etc/os-release")) ?? "")?.[1] ?? "";
  const found: Source[] = parseOneLine((await readIfThere("/etc/apt/sources.list")) ?? "", codename);
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for (const name of names.sort()) {
    const text = (await readIfThere(join(folder, name))) ?? "";
    if (name.endsWith(".sources")) found.push(...parseDeb822(text, codename));
    if (name.endsWith(".list")) found.push(...parseOneLine(text, codename));
  }
  const unique = new Map(found.map((source) => [`${source.uri} ${source.pocket}`, source]));
  if (unique.size === 0) {
    throw new Fault({
      what: "this machine has no apt source of its own Debian release, so there is none to make lab hosts from",
      where: "/etc/apt/sources.list, /etc/apt/sources.list.d",
      got: `release "${codename}"`,
      allowed: "a source with that release and the component main",
      remedy: "add the mirror that this machine should use, and run apt-get update",
    });
  }
  return [...unique.values()];
}

/** Lines as in `deb http://mirror.example/debian bookworm main`. */
export function parseOneLine(text: string, codename: string): Source[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null) return [];
    return debianSources([match[1] ?? ""], [match[2] ?? ""], (match[3] ?? "").split(/\s+/), codename);
  });
}

/** Paragraphs as in /etc/apt/sources.list.d/debian.sources. */
export function parseDeb822(text: string, codename: string): Source[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const lines = paragraph.split("\n").filter((line) => !line.startsWith("#"));
    const field = (name: string): string[] => {
      const line = lines.find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return line === undefined
        ? []
        : line
            .slice(name.length + 1)
            .trim()
            .split(/\s+/);
    };
    if (!field("Types").includes("deb") || field("Enabled").includes("no")) return [];
    return debianSources(field("URIs"), field("Suites"), field("Components"), codename);
  });
}

/** Third parties name their suites and components otherwise, and have nothing for another release. */
function debianSources(uris: string[], suites: string[], components: string[], codename: string): Source[] {
  if (!components.includes("main") || codename === "") return [];
  return uris.flatMap((uri) =>
    suites
      .filter((suite) => [codename, `${codename}-updates`, `${codename}-security`].includes(suite))
      .map((suite) => ({ uri, pocket: suite.slice(codename.length) })),
  );
}

export function renderSources(sources: readonly Source[], release: string): string {
  return sources
    .map(
      ({ uri, pocket }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${release}${pocket}\nComponents: main\n` +
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
    )
    .join("\n");
}

/** The machine's settings of how packages are fetched (proxies, clocks that are not trusted), as apt.conf lines. */
export async function machineAptSettings(): Promise<string[]> {
  return fetchSettings(await run("apt-config", ["dump"]));
}

export function fetchSettings(dump: string): string[] {
  return dump
    .split("\n")
    .filter((line) => /^Acquire::(https?::|Retries|Check-|ForceIPv)/.test(line) && !line.endsWith(' "";'))
    .filter((line) => !/::(CaInfo|CaPath|SslCert|SslKey)\b/i.test(line));
}
