/** `sha512-` and 32 digits: what rkt prints, and enough for every command. */
export function shortId(id: string): string {
  return id.slice(0, "sha512-".length + 32);
}

/** `sha512-` and 12 digits, for tables. */
export function columnId(id: string): string {
  return id.slice(0, "sha512-".length + 12);
}
