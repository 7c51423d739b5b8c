/** Small answers, whole in memory: manifests, signatures, pages, tokens. */
import type { IncomingHttpHeaders } from "node:http";
import { Fault } from "../../../errors/fault.ts";
import { Interruption } from "./interruption.ts";
import { passingTrouble } from "./passing.ts";
import { persistently, type Patience } from "./patience.ts";
import { shownUrl } from "./shownUrl.ts";
import type { Reply, Transport, Wish } from "./transport.ts";

export interface SmallReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly url: URL;
}

/** Any status but those that pass; what is larger than the limit is refused, not cut. */
export function fetchDocument(
  transport: Transport,
  wish: Wish,
  limits: { readonly largest: number; readonly patience: Patience },
): Promise<SmallReply> {
  return persistently(
    async () => {
      const reply = await transport.send(wish);
      const trouble = passingTrouble(reply.url.host, reply.status, reply.headers);
      if (trouble !== undefined) {
        reply.body.destroy();
        throw trouble;
      }
      const { status, headers, url } = reply;
      return { status, headers, url, bytes: await readSmall(reply, limits.largest) };
    },
    { patience: limits.patience, signal: wish.signal },
  );
}

async function readSmall({ body, url }: Reply, largest: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of body) {
      if (!Buffer.isBuffer(piece)) continue;
      size += piece.length;
      if (size > largest) {
        throw new Fault({
          what: "the answer is larger than anything of its kind",
          where: shownUrl(url),
          allowed: `at most ${largest} bytes`,
        });
      }
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof Fault || error instanceof Interruption) throw error;
    throw new Interruption(`${url.host}: the connection broke off`, { cause: error });
  } finally {
    body.destroy();
  }
  return Buffer.concat(pieces);
}
