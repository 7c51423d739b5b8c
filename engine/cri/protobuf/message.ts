/** Messages as tables of their fields: what is written here is the type, the reader and the writer. */
import type { Collector, Field } from "./fields.ts";
import { Reader, WireError, Writer } from "./wire.ts";

export type Fields = Readonly<Record<string, Field<unknown, unknown>>>;

/** A message as it is read: every field is there. */
export type ValueOf<Type> = Type extends { decode(bytes: Uint8Array): infer Value } ? Value : never;
/** A message to be written: what is left out has the value that readers take for granted. */
export type GivenOf<Type> = Type extends { encode(value: infer Given): Buffer } ? Given : never;

export interface MessageType<Value, Given> {
  encode(value: Given): Buffer;
  decode(bytes: Uint8Array): Value;
}

export type FieldValues<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends { collect(): Collector<infer Value> } ? Value : never;
};
export type GivenFields<F extends Fields> = {
  readonly [Name in keyof F]?:
    (F[Name] extends { write(to: Writer, value: infer Given): void } ? Given : never) | undefined;
};

export function message<F extends Fields>(fields: F): MessageType<FieldValues<F>, GivenFields<F>>;
export function message(fields: Fields): MessageType<object, object> {
  const byName = Object.entries(fields);
  const ordered = byName.toSorted(([, one], [, other]) => one.number - other.number);
  return {
    encode(value) {
      const to = new Writer();
      for (const [name, field] of ordered) {
        const given: unknown = Reflect.get(value, name);
        if (given !== undefined) field.write(to, given);
      }
      return to.finish();
    },
    decode(bytes) {
      const collectors = byName.map(([name, field]) => ({
        name,
        number: field.number,
        part: field.collect(),
      }));
      const byNumber = new Map(collectors.map(({ number, part }) => [number, part]));
      const from = new Reader(bytes);
      while (!from.done) {
        const tag = from.varint();
        const number = tag >>> 3;
        if (number === 0) throw new WireError("a field has the number 0");
        const collector = byNumber.get(number);
        if (collector === undefined) from.skip(tag & 7);
        else collector.take(from, tag & 7);
      }
      return Object.fromEntries(collectors.map(({ name, part }) => [name, part.value]));
    },
  };
}
