import type { AttachableStream } from "../../../stage1/attaching/streams.ts";

const meanings: Readonly<Record<string, readonly AttachableStream[]>> = {
  stdin: ["stdin"],
  stdout: ["stdout"],
  stderr: ["stderr"],
  tty: ["tty-in", "tty-out"],
  "tty-in": ["tty-in"],
  "tty-out": ["tty-out"],
};

/** What `rkt attach --mode` says, or what is wrong with it, in rkt's words. */
export function attachMode(
  text: string,
): "auto" | "list" | readonly AttachableStream[] | { readonly mistake: string } {
  if (text === "list") return "list";
  if (text === "auto" || text === "") return "auto";
  const streams = new Set<AttachableStream>();
  for (const word of text.split(",")) {
    const meant = meanings[word];
    if (meant === undefined) return { mistake: `unknown endpoint ${JSON.stringify(word)}` };
    for (const stream of meant) streams.add(stream);
  }
  const terminal = [...streams].filter((stream) => stream.startsWith("tty")).length;
  if (terminal > 0 && terminal < streams.size) {
    return {
      mistake: `incompatible endpoints ${JSON.stringify(text)}, cannot simultaneously attach TTY and streams`,
    };
  }
  return [...streams];
}
