/** A provider that is made of its kinds of resources and takes no configuration of its own. */
import type { Checked, Difference, Provider, ResourceKind } from "./protocol/resource.ts";
import type { Properties } from "./protocol/value.ts";

export class ResourceProvider implements Provider {
  readonly version: string;
  readonly #kinds: ReadonlyMap<string, ResourceKind>;
  readonly #close: () => Promise<void>;

  /** `close` ends what outlives single operations, such as connections. */
  constructor(version: string, kinds: readonly ResourceKind[], close: () => Promise<void>) {
    this.version = version;
    this.#kinds = new Map(kinds.map((kind) => [kind.token, kind]));
    this.#close = close;
  }

  kindOf(token: string): ResourceKind | undefined {
    return this.#kinds.get(token);
  }

  /** The project's own configuration shares the provider's namespace and arrives here; nothing of it is ours. */
  checkConfig(): Promise<Checked> {
    return Promise.resolve({ inputs: {} });
  }

  diffConfig(): Promise<Difference> {
    return Promise.resolve({ changes: {} });
  }

  configure(): Promise<void> {
    return Promise.resolve();
  }

  invoke(token: string): Promise<Properties> {
    return Promise.reject(new Error(`this provider has no function "${token}"`));
  }

  cancel(): Promise<void> {
    return this.#close();
  }
}
