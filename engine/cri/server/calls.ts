/** A call of the interface tied to the code that answers it: bytes in, bytes out. */
import type { CallType } from "../api/services.ts";
import { WireError } from "../protobuf/wire.ts";
import { CriFault } from "./CriFault.ts";

export interface CallContext {
  /** Aborted when the client has gone, or does not want to wait any longer. */
  readonly signal: AbortSignal;
}

export type BoundCall =
  | { readonly streams: false; answer(request: Uint8Array, context: CallContext): Promise<Uint8Array> }
  | { readonly streams: true; answer(request: Uint8Array, context: CallContext): AsyncIterable<Uint8Array> };

export function answers<Request, Reply>(
  type: CallType<Request, Reply> & { readonly streams: false },
  answer: (request: Request, context: CallContext) => Promise<Reply> | Reply,
): BoundCall {
  return {
    streams: false,
    answer: async (request, context) => type.reply.encode(await answer(requestIn(type, request), context)),
  };
}

export function streams<Request, Reply>(
  type: CallType<Request, Reply> & { readonly streams: true },
  answer: (request: Request, context: CallContext) => AsyncIterable<Reply>,
): BoundCall {
  return {
    streams: true,
    async *answer(request, context) {
      for await (const reply of answer(requestIn(type, request), context)) yield type.reply.encode(reply);
    },
  };
}

function requestIn<Request>(type: CallType<Request, never>, bytes: Uint8Array): Request {
  try {
    return type.request.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new CriFault("INVALID_ARGUMENT", { what: "the request is none of this interface", cause });
  }
}
