/** Numbers of which it matters whether they are there. */
import { int64, uint64 } from "../protobuf/fields.ts";
import { message } from "../protobuf/message.ts";

export const int64Value = message({ value: int64(1) });
export const uint64Value = message({ value: uint64(1) });
