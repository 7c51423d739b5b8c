/**
 * The images that the lab builds from Debian packages. They share one layer, which is fetched, kept and
 * unpacked once, and differ in what they run.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { architecture, type ImageConfig, type LayoutImage } from "./oci.ts";

export const imageNames = ["nginx", "web", "shell"] as const;
export type ImageName = (typeof imageNames)[number];

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const images: Readonly<Record<ImageName, ImageConfig>> = {
  /** Serves /usr/share/nginx/html on port 80, or on NGINX_PORT. */
  nginx: {
    Entrypoint: ["/usr/local/bin/serve-nginx"],
    Env: [PATH, "NGINX_PORT=80", "NGINX_ANSWER=files"],
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "SIGQUIT",
  },
  /** Answers every request with its pod's name. */
  web: {
    Entrypoint: ["/usr/local/bin/serve-nginx"],
    Env: [PATH, "NGINX_PORT=80", "NGINX_ANSWER=hostname"],
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "SIGQUIT",
  },
  /** bash, curl, getent, nslookup, wget, nc, ip, ping. */
  shell: { Cmd: ["/bin/bash"], Env: [PATH] },
};

export const layerPackages: readonly string[] = [
  "base-files",
  "base-passwd",
  "bash",
  "busybox",
  "coreutils",
  "curl",
  "dash",
  "findutils",
  "grep",
  "hostname",
  "iproute2",
  "iputils-ping",
  "libc-bin",
  "mawk",
  "nginx",
  "sed",
];

/** Files beside this one that go into the layer or make it. */
export const layerScripts = {
  serve: new URL("serve-nginx", import.meta.url),
  finish: new URL("finish-layer.sh", import.meta.url),
};

export function layoutImages(): LayoutImage[] {
  return imageNames.map((name) => ({ name, config: images[name] }));
}

/** Names the recipe: the tag of the images, known before they are built. Packages' versions are not in it. */
export function catalogueKey(release: string): string {
  const parts = {
    release,
    architecture: architecture(),
    images,
    layerPackages,
    scripts: Object.values(layerScripts).map((url) => readFileSync(url, "utf8")),
  };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
