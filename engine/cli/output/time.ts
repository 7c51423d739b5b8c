/** `2017-05-04 12:03:09.123 +0200 CEST`, in the host's time zone. */
export function wholeTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const part = date.getMilliseconds();
  const fraction = part === 0 ? "" : `.${String(part).padStart(3, "0").replace(/0+$/, "")}`;
  const minutes = -date.getTimezoneOffset();
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
  const zone = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" })
    .formatToParts(date)
    .find(({ type }) => type === "timeZoneName")?.value;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction} ${offset} ${zone ?? "UTC"}`;
}

const units: readonly (readonly [number, string])[] = [
  [365 * 86_400, "year"],
  [30 * 86_400, "month"],
  [7 * 86_400, "week"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** `now`, `2 minutes ago`, `1 week from now`. */
export function timeAgo(milliseconds: number, now = Date.now()): string {
  const seconds = Math.floor(Math.abs(now - milliseconds) / 1000);
  const [length, name] = units.find(([each]) => seconds >= each) ?? [1, "second"];
  const count = Math.floor(seconds / length);
  if (count === 0) return "now";
  return `${count} ${name}${count === 1 ? "" : "s"} ${milliseconds > now ? "from now" : "ago"}`;
}
