/**
 * How much may be sent before the other side has made room. Of SPDY's users in Kubernetes none keeps windows: they never
 * say that they have made room, and whoever waited for it would wait for ever. So a window counts from the beginning and
 * holds back only once the other side has shown that it keeps one.
 */
export class FlowWindow {
  static readonly initial = 64 << 10;
  #size: number;
  #enforced: boolean;
  #waiting: (() => void)[] = [];

  constructor(size: number, enforced: boolean) {
    this.#size = size;
    this.#enforced = enforced;
  }

  /** How many of so many bytes may go now; waits until it is one at least. */
  async take(wanted: number): Promise<number> {
    while (this.#enforced && this.#size <= 0)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const taken = this.#enforced ? Math.min(wanted, this.#size) : wanted;
    this.#size -= taken;
    return taken;
  }

  grow(delta: number): void {
    this.#size += delta;
    this.#wake();
  }

  enforce(): void {
    this.#enforced = true;
  }

  /** Nobody waits any longer: what is sent then goes nowhere. */
  abandon(): void {
    this.#enforced = false;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
