/** The host's interface towards an IPv4 address, by the text of /proc/net/route: that of the narrowest route. */
export function interfaceTowards(address: string, routes: string): string | undefined {
  const wanted = numberOf(address);
  let best: { readonly name: string; readonly mask: number } | undefined;
  for (const line of routes.split("\n").slice(1)) {
    const [name = "", destination = "", , , , , , mask = ""] = line.split("\t");
    if (name === "" || mask === "") continue;
    const width = swap(mask);
    const reaches = (wanted & width) >>> 0 === swap(destination);
    if (reaches && (best === undefined || width > best.mask)) best = { name, mask: width };
  }
  return best?.name;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The kernel prints addresses as the bytes lie in memory; machines that run this are little-endian. */
function swap(hex: string): number {
  const bytes = hex.trim().match(/../g) ?? [];
  return Number.parseInt(bytes.reverse().join(""), 16);
}
