import type { Server } from "node:net";
import { Fault } from "../../errors/fault.ts";

export type Place =
  | { readonly port: number; /** Every address if undefined. */ readonly host?: string }
  | { readonly path: string }
  /** A socket that somebody else has opened. */
  | { readonly fd: number };

/** Resolves when the server takes connections there. */
export async function listen(server: Server, place: Place): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const refuse = (cause: Error): void => {
    reject(new Fault({ what: "cannot listen", where: nameOf(place), cause }));
  };
  server.once("error", refuse);
  server.listen({ ...place }, () => {
    server.off("error", refuse);
    resolve(undefined);
  });
  await promise;
}

export function nameOf(place: Place): string {
  if ("fd" in place) return `descriptor ${place.fd}`;
  if ("path" in place) return place.path;
  const { host = "", port } = place;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `localhost:15441`, `:15441` for every address, `[::1]:15441`. */
export function placeOf(text: string): Place {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65535) {
    throw new Fault({
      what: "no address to listen at",
      got: text,
      allowed: "HOST:PORT, as in localhost:15441",
    });
  }
  return { port: Number(port), ...(host !== "" && { host }) };
}
