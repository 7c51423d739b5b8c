/** Why a client does not get what it asked for. */
export class Refusal extends Error {
  readonly reason: "invalid" | "not found" | "unsupported";

  constructor(reason: Refusal["reason"], message: string) {
    super(message);
    this.name = "Refusal";
    this.reason = reason;
  }
}
