import { connect, type Socket } from "node:net";
import { Fault } from "../../errors/fault.ts";
import { BusReader, BusWriter, type BusValue } from "./wireFormat.ts";

export const systemBusPath = "/run/dbus/system_bus_socket";

export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly values?: readonly BusValue[];
}

export interface BusSignal {
  readonly path: string;
  readonly member: string;
  readonly values: readonly BusValue[];
}

/** An error that the other side answered with. */
export class BusError extends Error {
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.name = "BusError";
    this.errorName = errorName;
  }
}

const CALL = 1;
const RETURN = 2;
const ERROR = 3;
const SIGNAL = 4;
const LARGEST_MESSAGE = 16 * 1024 * 1024;

/**
 * A connection to the machine's D-Bus, with no more than calls, their answers, and signals. Calls are sent without
 * waiting for those before; so signing on and calling cost one exchange.
 */
export class SystemBus {
  readonly #socket: Socket;
  readonly #waiting = new Map<
    number,
    { resolve: (values: readonly BusValue[]) => void; reject: (error: Error) => void }
  >();
  readonly #listeners = new Set<(signal: BusSignal) => void>();
  #serial = 0;
  #received = Buffer.alloc(0);
  #signedOn = false;

  constructor(socketPath = systemBusPath) {
    this.#socket = connect(socketPath);
    this.#socket.on("data", (data: Buffer) => {
      this.#receive(data);
    });
    this.#socket.on("error", (error) => {
      this.#fail(new Fault({ what: "no connection to the system bus", where: socketPath, cause: error }));
    });
    this.#socket.on("close", () => {
      this.#fail(new Fault({ what: "the system bus hung up", where: socketPath }));
    });
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    this.#socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`);
    this.#greeting = this.call({
      destination: "org.freedesktop.DBus",
      path: "/org/freedesktop/DBus",
      interface: "org.freedesktop.DBus",
      member: "Hello",
    });
    this.#greeting.catch(() => undefined); // every call after it fails with the same cause
  }

  readonly #greeting: Promise<readonly BusValue[]>;

  call(call: BusCall): Promise<readonly BusValue[]> {
    const serial = (this.#serial += 1);
    this.#socket.write(messageOf(serial, call));
    return new Promise((resolve, reject) => {
      this.#waiting.set(serial, { resolve, reject });
    });
  }

  /** Asks for signals by a match rule; the listener hears every signal that comes. Ends with the answer's function. */
  async listen(rule: string, listener: (signal: BusSignal) => void): Promise<() => void> {
    this.#listeners.add(listener);
    await this.call({
      destination: "org.freedesktop.DBus",
      path: "/org/freedesktop/DBus",
      interface: "org.freedesktop.DBus",
      member: "AddMatch",
      signature: "s",
      values: [rule],
    });
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    if (!this.#signedOn) {
      const end = this.#received.indexOf("\r\n");
      if (end < 0) return;
      const answer = this.#received.toString("utf8", 0, end);
      if (!answer.startsWith("OK ")) {
        this.#fail(new Fault({ what: "the system bus does not let us in", got: answer }));
        this.#socket.destroy();
        return;
      }
      this.#signedOn = true;
      this.#received = this.#received.subarray(end + 2);
    }
    for (let size = sizeOfMessage(this.#received); size > 0; size = sizeOfMessage(this.#received)) {
      if (size > LARGEST_MESSAGE) {
        this.#socket.destroy();
        return;
      }
      if (this.#received.length < size) return;
      this.#take(Buffer.from(this.#received.subarray(0, size)));
      this.#received = this.#received.subarray(size);
    }
  }

  #take(bytes: Buffer): void {
    const type = bytes[1];
    const reader = new BusReader(bytes, 12);
    const fields = new Map<number, BusValue>();
    const listed = reader.value("a(yv)");
    if (Array.isArray(listed)) {
      for (const field of listed as readonly BusValue[]) {
        if (!Array.isArray(field)) continue;
        const [code, variant] = field as readonly BusValue[];
        if (typeof code === "number" && typeof variant === "object" && "signature" in variant) {
          fields.set(code, variant.value);
        }
      }
    }
    reader.align(8);
    const signature = fields.get(8);
    const values = typeof signature === "string" ? reader.values(signature) : [];
    if (type === SIGNAL) {
      const signal = { path: textOf(fields.get(1)), member: textOf(fields.get(3)), values };
      for (const listener of this.#listeners) listener(signal);
      return;
    }
    const serial = fields.get(5);
    const waiting = typeof serial === "number" ? this.#waiting.get(serial) : undefined;
    if (waiting === undefined || typeof serial !== "number") return;
    this.#waiting.delete(serial);
    if (type === RETURN) waiting.resolve(values);
    if (type === ERROR)
      waiting.reject(new BusError(textOf(fields.get(4)), textOf(values[0] ?? fields.get(4))));
  }
}

/** A value that is a text by its type. */
export function textOf(value: BusValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function messageOf(serial: number, call: BusCall): Buffer {
  const body = new BusWriter();
  body.values(call.signature ?? "", call.values ?? []);
  const message = new BusWriter();
  for (const byte of [0x6c, CALL, 0, 1]) message.byte(byte);
  message.uint32(body.bytes().length);
  message.uint32(serial);
  const fields = new BusWriter();
  const field = (code: number, type: string, text: string): void => {
    fields.align(8);
    fields.byte(code);
    fields.signature(type);
    if (type === "g") fields.signature(text);
    else fields.value(type, text);
  };
  field(1, "o", call.path);
  field(2, "s", call.interface);
  field(3, "s", call.member);
  field(6, "s", call.destination);
  if (call.signature !== undefined) field(8, "g", call.signature);
  message.uint32(fields.bytes().length);
  message.raw(fields.bytes());
  message.align(8);
  message.raw(body.bytes());
  return message.bytes();
}

/** 0 while too little is there to tell. */
function sizeOfMessage(bytes: Buffer): number {
  if (bytes.length < 16) return 0;
  const body = bytes.readUInt32LE(4);
  const fields = bytes.readUInt32LE(12);
  return 16 + Math.ceil(fields / 8) * 8 + body;
}
