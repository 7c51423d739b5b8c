/** The kinds of fields of proto3 messages. A field knows its number, and how its values are read and written. */
import { Reader, WireError, wireTypes, Writer } from "./wire.ts";

/** `Given` is what may be written: messages may leave out fields there that are always there when they are read. */
export interface Field<Value, Given = Value> {
  readonly number: number;
  /** Writes nothing for what a reader takes for granted. */
  write(to: Writer, value: Given): void;
  collect(): Collector<Value>;
}

/** Gathers one field's value over a message, in which it may stand any number of times. */
export interface Collector<Value> {
  take(from: Reader, wireType: number): void;
  readonly value: Value;
}

/** How one value without its tag is read and written. */
interface Scalar<Value> {
  readonly wireType: number;
  readonly initial: Value;
  isInitial(value: Value): boolean;
  write(to: Writer, value: Value): void;
  read(from: Reader): Value;
}

/** What `nested` and `list` need of a message. */
export interface Nested<Value, Given> {
  encode(value: Given): Uint8Array;
  decode(bytes: Uint8Array): Value;
}

const texts: Scalar<string> = {
  wireType: wireTypes.bytes,
  initial: "",
  isInitial: (value) => value === "",
  write(to, value) {
    to.text(value);
  },
  read: (from) => from.text(),
};

const blobs: Scalar<Uint8Array> = {
  wireType: wireTypes.bytes,
  initial: new Uint8Array(),
  isInitial: (value) => value.length === 0,
  write(to, value) {
    to.bytes(value);
  },
  read: (from) => from.bytes(),
};

const booleans: Scalar<boolean> = {
  wireType: wireTypes.varint,
  initial: false,
  isInitial: (value) => !value,
  write(to, value) {
    to.varint(value ? 1 : 0);
  },
  read: (from) => from.varint64() !== 0n,
};

const doubles: Scalar<number> = {
  wireType: wireTypes.fixed64,
  initial: 0,
  isInitial: (value) => Object.is(value, 0),
  write(to, value) {
    to.double(value);
  },
  read: (from) => from.double(),
};

const int32s: Scalar<number> = {
  wireType: wireTypes.varint,
  initial: 0,
  isInitial: (value) => value === 0,
  write(to, value) {
    to.varint64(BigInt(value));
  },
  read: (from) => Number(BigInt.asIntN(32, from.varint64())),
};

const uint32s: Scalar<number> = { ...int32s, read: (from) => from.varint() };

const int64s: Scalar<bigint> = {
  wireType: wireTypes.varint,
  initial: 0n,
  isInitial: (value) => value === 0n,
  write(to, value) {
    to.varint64(value);
  },
  read: (from) => BigInt.asIntN(64, from.varint64()),
};

const uint64s: Scalar<bigint> = { ...int64s, read: (from) => from.varint64() };

function choices<Name extends string>(names: readonly [Name, ...Name[]]): Scalar<Name> {
  return {
    wireType: wireTypes.varint,
    initial: names[0],
    isInitial: (value) => value === names[0],
    write(to, value) {
      to.varint(names.indexOf(value));
    },
    read(from) {
      const number = from.varint();
      const name = names[number];
      if (name === undefined) throw new WireError(`${number} is none of ${names.slice(0, 5).join(", ")}…`);
      return name;
    },
  };
}

function single<Value>(scalar: Scalar<Value>): (number: number) => Field<Value> {
  return (number) => ({
    number,
    write(to, value) {
      if (scalar.isInitial(value)) return;
      to.tag(number, scalar.wireType);
      scalar.write(to, value);
    },
    collect() {
      let value = scalar.initial;
      return {
        take(from, wireType) {
          expectWireType(scalar.wireType, wireType);
          value = scalar.read(from);
        },
        get value() {
          return value;
        },
      };
    },
  });
}

/** Numbers travel in one piece, other values one by one; both are understood for numbers. */
function repeated<Value>(scalar: Scalar<Value>): (number: number) => Field<readonly Value[]> {
  const packs = scalar.wireType !== wireTypes.bytes;
  return (number) => ({
    number,
    write(to, values) {
      if (values.length === 0) return;
      if (packs) {
        const piece = new Writer();
        for (const value of values) scalar.write(piece, value);
        to.tag(number, wireTypes.bytes);
        to.bytes(piece.finish());
        return;
      }
      for (const value of values) {
        to.tag(number, scalar.wireType);
        scalar.write(to, value);
      }
    },
    collect() {
      const value: Value[] = [];
      return {
        value,
        take(from, wireType) {
          if (packs && wireType === wireTypes.bytes) {
            const piece = new Reader(from.bytes());
            while (!piece.done) value.push(scalar.read(piece));
            return;
          }
          expectWireType(scalar.wireType, wireType);
          value.push(scalar.read(from));
        },
      };
    },
  });
}

export const text = single(texts);
export const bytes = single(blobs);
export const flag = single(booleans);
export const double = single(doubles);
export const int32 = single(int32s);
export const uint32 = single(uint32s);
export const int64 = single(int64s);
export const uint64 = single(uint64s);
export const textList = repeated(texts);
export const int32List = repeated(int32s);
export const int64List = repeated(int64s);

/** An enumeration whose members are numbered from 0 on. */
export function oneOf<Name extends string>(number: number, names: readonly [Name, ...Name[]]): Field<Name> {
  return single(choices(names))(number);
}

/** A message within a message; undefined where it is not there. */
export function nested<Value, Given>(
  number: number,
  type: Nested<Value, Given>,
): Field<Value | undefined, Given | undefined> {
  return {
    number,
    write(to, value) {
      if (value === undefined) return;
      to.tag(number, wireTypes.bytes);
      to.bytes(type.encode(value));
    },
    collect() {
      let value: Value | undefined;
      return {
        take(from, wireType) {
          expectWireType(wireTypes.bytes, wireType);
          value = type.decode(from.bytes());
        },
        get value() {
          return value;
        },
      };
    },
  };
}

export function list<Value, Given>(
  number: number,
  type: Nested<Value, Given>,
): Field<readonly Value[], readonly Given[]> {
  return {
    number,
    write(to, values) {
      for (const value of values) {
        to.tag(number, wireTypes.bytes);
        to.bytes(type.encode(value));
      }
    },
    collect() {
      const value: Value[] = [];
      return {
        value,
        take(from, wireType) {
          expectWireType(wireTypes.bytes, wireType);
          value.push(type.decode(from.bytes()));
        },
      };
    },
  };
}

/** Texts by texts. Written in order of the keys, so that equal maps are equal bytes. */
export function map(number: number): Field<ReadonlyMap<string, string>> {
  return {
    number,
    write(to, entries) {
      for (const key of [...entries.keys()].sort()) {
        const entry = new Writer();
        for (const [place, part] of [key, entries.get(key) ?? ""].entries()) {
          if (part === "") continue;
          entry.tag(place + 1, wireTypes.bytes);
          entry.text(part);
        }
        to.tag(number, wireTypes.bytes);
        to.bytes(entry.finish());
      }
    },
    collect() {
      const value = new Map<string, string>();
      return {
        value,
        take(from, wireType) {
          expectWireType(wireTypes.bytes, wireType);
          const entry = new Reader(from.bytes());
          const parts: [string, string] = ["", ""];
          while (!entry.done) {
            const tag = entry.varint();
            if (tag === 0x0a) parts[0] = entry.text();
            else if (tag === 0x12) parts[1] = entry.text();
            else entry.skip(tag & 7);
          }
          value.set(...parts);
        },
      };
    },
  };
}

function expectWireType(expected: number, got: number): void {
  if (expected !== got) throw new WireError(`a field is of wire type ${got} and not of ${expected}`);
}
