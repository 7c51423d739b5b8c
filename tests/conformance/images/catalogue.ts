/** The images that critest asks for, under their real names. All share one layer and differ in what they run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { architecture, type ImageConfig } from "../../../lab/images/oci.ts";

export interface TestImage {
  /** References that mean this image; it is signed for each of them. */
  readonly references: readonly [string, ...string[]];
  readonly config: ImageConfig;
}

/** Where an image lies in a mirror of everything: without the name of its registry. */
export interface Place {
  readonly repository: string;
  readonly tag: string;
}

const e2e = "registry.k8s.io/e2e-test-images";
const staging = "gcr.io/k8s-staging-cri-tools";
const benchmarks = "public.ecr.aws/docker/library";

const shell: ImageConfig = { Cmd: ["sh"] };
const pause: ImageConfig = { Entrypoint: ["/pause"], User: "65535:65535" };

const servingOn = (port: 80 | 12003): readonly string[] => ["nginx", "-c", `/etc/nginx/port-${port}.conf`];

export const testImages: readonly TestImage[] = [
  image([`${e2e}/busybox:1.29-2`], shell),
  image([`${e2e}/nginx:1.14-2`], { Entrypoint: servingOn(80) }),
  // What it logs must name httpd; who serves does not matter.
  image([`${e2e}/httpd:2.4.39-4`], {
    Entrypoint: ["sh", "-c", `echo "in place of httpd"; exec ${servingOn(80).join(" ")}`],
  }),
  image([`${e2e}/nonewprivs:1.3`], {
    Entrypoint: [
      "/usr/local/bin/privileged-awk",
      '/^Uid:/ { printf "Effective uid: %d\\n", $3 }',
      "/proc/self/status",
    ],
  }),
  image([`${staging}/hostnet-nginx-${architecture()}:latest`], { Entrypoint: servingOn(12003) }),
  image([`${staging}/test-image-user-uid:latest`], { ...shell, User: "1002" }),
  image([`${staging}/test-image-user-username:latest`], { ...shell, User: "www-data" }),
  image([`${staging}/test-image-user-uid-group:latest`], { ...shell, User: "1003:1004" }),
  image([`${staging}/test-image-user-username-group:latest`], { ...shell, User: "www-data:1004" }),
  image([`${staging}/test-image-predefined-group:latest`], { ...shell, User: "1000" }),
  image([`${staging}/test-image-1:latest`], shell),
  image([`${staging}/test-image-2:latest`], shell),
  image([`${staging}/test-image-3:latest`], shell),
  image([`${staging}/test-image-latest:latest`], shell),
  image([`${staging}/test-image-digest:latest`], shell),
  image([`${staging}/test-image-tag:test`], shell),
  image([`${staging}/test-image-tag:all`], shell),
  image(
    [`${staging}/test-image-tags:1`, `${staging}/test-image-tags:2`, `${staging}/test-image-tags:3`],
    shell,
  ),
  image(["registry.k8s.io/pause:3.9", "k8s.gcr.io/pause:3.9"], pause),
  image(["registry.k8s.io/pause:3.10.2"], pause),
  ...["1", "1-glibc", "1-musl", "1-uclibc", "1.35.0-glibc"].map((tag) =>
    image([`${benchmarks}/busybox:${tag}`], shell),
  ),
];

export const treePackages: readonly string[] = [
  "base-files",
  "base-passwd",
  "busybox",
  "libc-bin",
  "mawk",
  "nginx",
  "procps",
  "util-linux",
];

/** Two images of one content would be one image with two names, so each says in its configuration which it is. */
function image(references: TestImage["references"], config: ImageConfig): TestImage {
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { references, config: { ...config, Env: [path, `IMAGE=${references[0]}`] } };
}

/** What an image is called among the others. */
export function nameOf({ references }: TestImage): string {
  return references[0];
}

export function placeOf(reference: string): Place {
  const { repository } = partsOf(reference);
  return { repository: repository.slice(repository.indexOf("/") + 1), tag: partsOf(reference).tag };
}

/** The same image under a name for which nobody has signed it. */
export function unsignedTwinOf(reference: string): string {
  const slash = reference.indexOf("/");
  return `${reference.slice(0, slash)}/unsigned${reference.slice(slash)}`;
}

/** `registry/repository` and the tag. */
export function partsOf(reference: string): { readonly repository: string; readonly tag: string } {
  const colon = reference.lastIndexOf(":");
  return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** Changes with whatever the images are made of, but for the versions of packages. */
export function recipeKey(release: string): string {
  const scripts = ["finish-tree.sh", "build.ts", "signatures.ts"].map((file) =>
    readFileSync(new URL(file, import.meta.url), "utf8"),
  );
  const parts = { release, architecture: architecture(), testImages, treePackages, scripts };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
