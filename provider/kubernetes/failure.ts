/** The two ways in which a request fails: the server says no, or there is no server to say anything. */
import { isObject, listAt, numberAt, parseJson, textAt, type Json } from "./json.ts";

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The API server's own answer, with the causes it lists. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, status: Json, retryAfterSeconds?: number) {
    super(textAt(status, "message") ?? `the API server answered ${code}`);
    this.name = "Refusal";
    this.code = code;
    this.reason = textAt(status, "reason") ?? "";
    this.retryAfterSeconds = retryAfterSeconds;
    const details = isObject(status) ? status["details"] : undefined;
    this.causes = listAt(details, "causes").map((cause) => ({
      reason: textAt(cause, "reason") ?? "",
      message: textAt(cause, "message") ?? "",
      field: textAt(cause, "field") ?? "",
    }));
  }

  static from(code: number, body: string, retryAfter: string | undefined): Refusal {
    const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter);
    return new Refusal(code, statusOf(code, body), Number.isFinite(seconds) ? seconds : undefined);
  }
}

/** No connection, or one that broke: trying again may help. */
export class Unreachable extends Error {
  constructor(server: URL, cause: unknown) {
    super(`the API server at ${server.host} cannot be reached: ${causeText(cause)}`, { cause });
    this.name = "Unreachable";
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Refusal && error.code === 404;
}

/** True for what a moment later may go well: no connection, an overloaded or a starting server. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return (
    error instanceof Refusal && [429, 500, 502, 503, 504].includes(error.code) && error.reason !== "Invalid"
  );
}

/** The namespace's service account is made a moment after the namespace, and pods cannot be before it. */
export function isWaitingForServiceAccount(error: unknown): boolean {
  return (
    error instanceof Refusal &&
    error.code === 403 &&
    /error looking up service account|serviceaccount "[^"]*" not found/.test(error.message)
  );
}

function statusOf(code: number, body: string): Json {
  try {
    return parseJson(body);
  } catch {
    // A proxy or an early server speaks plain text.
    return {
      code,
      message: body.trim() === "" ? `the API server answered ${code}` : body.trim().slice(0, 500),
    };
  }
}

/** Node tries several addresses and gathers what each said. */
function causeText(cause: unknown): string {
  if (cause instanceof AggregateError) {
    const errors: readonly unknown[] = cause.errors;
    return [...new Set(errors.map(causeText))].join("; ");
  }
  return cause instanceof Error ? cause.message : String(cause);
}

export function codeOf(status: Json): number {
  return numberAt(status, "code") ?? 500;
}
