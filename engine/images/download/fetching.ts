/** What every way of fetching needs, for as long as one command or one request of a server takes. */
import type { BasicCredentials } from "../../configuration/configuration.ts";
import type { EngineContext } from "../../context.ts";
import type { Store } from "../../store/store.ts";
import { StoreFolders } from "../../store/storeFolders.ts";
import type { TrustStore } from "../../trust/trustStore.ts";
import { Fault } from "../../../errors/fault.ts";
import type { RegistryMirror } from "../registry/mirrors.ts";
import { defaultPatience, type Patience } from "./patience.ts";
import { Transport } from "./transport.ts";

export interface Fetching {
  readonly context: EngineContext;
  readonly store: Store;
  readonly trust: TrustStore;
  readonly transport: Transport;
  readonly patience: Patience;
  /** For what is on its way into the store. */
  readonly temporary: string;
  readonly signal?: AbortSignal | undefined;
  /** Certificates of authorities, instead of the host's. */
  readonly authorities?: readonly string[] | undefined;
  /** Where registries are found instead of under their own names. */
  readonly mirrors: readonly RegistryMirror[];
  /** For the registry that is asked, instead of what auth.d holds for it. */
  readonly registryCredentials?: BasicCredentials | undefined;
}

export type PullPolicy = "never" | "new" | "update";

export interface FetchingOptions {
  readonly patience?: Patience | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Certificates of authorities, instead of the host's. */
  readonly authorities?: readonly string[] | undefined;
  readonly mirrors?: readonly RegistryMirror[] | undefined;
  readonly registryCredentials?: BasicCredentials | undefined;
}

export function transportFor(context: EngineContext, options: FetchingOptions = {}): Transport {
  return new Transport({
    anyCertificate: context.insecure.tls,
    plainHttp: context.insecure.http,
    idleMilliseconds: (options.patience ?? defaultPatience).idleMilliseconds,
    userAgent: "rktnetes",
    ...(options.authorities !== undefined && { authorities: options.authorities }),
  });
}

export function beginFetching(
  context: EngineContext,
  store: Store,
  trust: TrustStore,
  options: FetchingOptions = {},
): Fetching {
  return {
    context,
    store,
    trust,
    transport: transportFor(context, options),
    patience: options.patience ?? defaultPatience,
    temporary: new StoreFolders(context.folders.data).temporary,
    signal: options.signal,
    authorities: options.authorities,
    mirrors: options.mirrors ?? [],
    registryCredentials: options.registryCredentials,
  };
}

export function nothingFetched(kind: string, name: string): Fault {
  return new Fault({
    what:
      `unable to fetch ${kind} ${JSON.stringify(name)}: either image was not found in the store or store was ` +
      "disabled and fetching from remote yielded nothing or it was disabled",
  });
}

export function warnOfInsecurity({ insecure, report }: EngineContext, overNetwork: boolean): void {
  if (overNetwork && insecure.tls) report.line("image: warning: TLS verification has been disabled");
  if (insecure.image) report.line("image: warning: image signature verification has been disabled");
}
