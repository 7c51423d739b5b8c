import { Fault } from "../../errors/fault.ts";

/** The first descriptor after standard input, output and error. */
const FIRST = 3;

/** The sockets that systemd has opened for this very process, by their descriptors; see sd_listen_fds(3). */
export function inheritedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid = process.pid,
): readonly number[] {
  const { LISTEN_PID: meant, LISTEN_FDS: count } = environment;
  if (meant !== String(pid) || count === undefined) return [];
  if (!/^\d{1,4}$/.test(count)) {
    throw new Fault({ what: "LISTEN_FDS does not say how many sockets there are", got: count });
  }
  return Array.from({ length: Number(count) }, (_, index) => FIRST + index);
}
