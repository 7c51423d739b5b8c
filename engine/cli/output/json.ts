import type { FlagValues } from "../flagValues.ts";

export type JsonFormat = "json" | "json-pretty";

/** The format that --format asks for; undefined for lines that people read. */
export function jsonFormat(flags: FlagValues): JsonFormat | undefined {
  return (["json", "json-pretty"] as const).find((format) => format === flags.text("format"));
}

export function printJson(value: unknown, format: JsonFormat): string {
  return JSON.stringify(value, undefined, format === "json-pretty" ? "\t" : undefined);
}
