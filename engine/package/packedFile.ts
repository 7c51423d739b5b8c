/** One entry of an archive: what it is called there, and where its bytes come from. */
export interface PackedFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  readonly from:
    | { readonly kind: "bytes"; readonly bytes: Uint8Array }
    | { readonly kind: "file"; readonly file: string }
    | { readonly kind: "link"; readonly target: string }
    | { readonly kind: "folder" };
}

export function textFile(path: string, text: string, mode = 0o644): PackedFile {
  return { path, mode, from: { kind: "bytes", bytes: Buffer.from(text, "utf8") } };
}

/** Sorted by path, with every folder on the way: the order in which they stand in an archive, whatever order they came in. */
export function withFolders(files: readonly PackedFile[]): readonly PackedFile[] {
  const all = new Map<string, PackedFile>();
  for (const file of files) {
    if (all.has(file.path)) throw new Error(`${file.path} is packed twice`);
    all.set(file.path, file);
  }
  for (const { path } of files) {
    const parts = path.split("/").slice(1, -1);
    parts.forEach((_, index) => {
      const folder = `/${parts.slice(0, index + 1).join("/")}`;
      const present = all.get(folder);
      if (present === undefined) all.set(folder, { path: folder, mode: 0o755, from: { kind: "folder" } });
      else if (present.from.kind !== "folder")
        throw new Error(`${folder} is no folder, and ${path} is in it`);
    });
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
