import { messageOf } from "../../errors/fault.ts";

/** `EACCES: permission denied, mkdir '/var/lib/rkt/cas'` as Go says it: `mkdir /var/lib/rkt/cas: permission denied`. */
export function systemWords(error: unknown): string {
  const text = messageOf(error);
  const [, words, call, path] = /^E[A-Z0-9]+: (.*?), (\w+) '(.*?)'/.exec(text) ?? [];
  return words === undefined || call === undefined || path === undefined ? text : `${call} ${path}: ${words}`;
}
