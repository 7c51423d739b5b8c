/** Names that fit appc, from names that were made for Docker: as docker2aci forms them, so that old scripts find them. */

/** `127.0.0.1:5000/lib/bb` becomes `127.0.0.1_5000/lib/bb`. */
export function acIdentifierFrom(text: string): string {
  return trimEdges(text.toLowerCase().replaceAll(/[^a-z0-9\-._~/]/g, "_"), "-._~/");
}

/** `80/tcp` becomes `80-tcp`. */
export function acNameFrom(text: string): string {
  return trimEdges(text.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-"), "-");
}

function trimEdges(text: string, edges: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && edges.includes(text.charAt(start))) start += 1;
  while (end > start && edges.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
