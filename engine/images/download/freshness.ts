/** For how many seconds a `Cache-Control` header spares asking again. */
export function maxAgeOf(header: string | undefined): number | undefined {
  let seconds: number | undefined;
  for (const directive of (header ?? "").split(",")) {
    const [name = "", value = ""] = directive.trim().toLowerCase().split("=");
    if (name === "no-store" || name === "no-cache") return undefined;
    if (name === "max-age" && /^[1-9]\d{0,9}$/.test(value)) seconds = Number(value);
  }
  return seconds;
}
