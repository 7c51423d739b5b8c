/**
 * What a flavour of stage1 ships. Each flavour has an `image.ts` that exports `stage1Image(): Stage1Image`; the package
 * makes an ACI of it, the same bytes each time, which a foreign stage0 can run too.
 */
export interface Stage1Image {
  /** The image's name, such as `coreos.com/rkt/stage1-oci`. Version, os and arch are added as labels. */
  readonly name: string;
  /** Entry points and the interface's version, by the end of their names: `run` stands for `coreos.com/rkt/stage1/run`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The image's root file system. Folders on the way to a file come by themselves, root's, with mode 0755. */
  readonly files: readonly Stage1File[];
  /** Programs that our own stage0 calls without the image: installed as `<library>/stage1/<flavour>/<name>`. */
  readonly programs?: readonly (Stage1Helper & { readonly name: string })[];
}

export interface Stage1File {
  /** Absolute, inside the image: `/init`. */
  readonly path: string;
  readonly mode: number;
  readonly from: Stage1Content;
}

export type Stage1Content =
  | { readonly kind: "text"; readonly text: string }
  /** A file of the checkout, by its absolute path. */
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "folder" }
  | Stage1Program;

/** Shell scripts come as they are. */
export type Stage1Helper = Stage1Program | { readonly kind: "file"; readonly file: string };

/** A program in C, compiled for the package's architecture with `-Os`, static unless told otherwise. */
export interface Stage1Program {
  readonly kind: "program";
  /** The source, by its absolute path; what it includes by a name in quotes counts too. */
  readonly source: string;
  /** False for what must use the host's libc. */
  readonly static?: boolean;
}
