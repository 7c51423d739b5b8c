import type { EngineContext } from "../context.ts";
import type { Networking } from "../network/podNetwork.ts";
import type { StoredImage } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { Flavour } from "../../stage1/contract.ts";
import type { AppRequest, PullPolicy, Stage1Choice } from "./requests.ts";

/** A flavour that comes with the engine, or an image that somebody else made to the published interface. */
export type ChosenStage1 =
  | { readonly flavour: Exclude<Flavour["name"], "foreign"> }
  | { readonly flavour: "foreign"; readonly image: StoredImage };

/** What pods are made with. Each part is loaded when it is first asked for: listing pods needs none of them. */
export interface PodParts {
  readonly context: EngineContext;
  store(): Promise<Store>;
  fetch(image: Pick<AppRequest, "image" | "signature">, pullPolicy: PullPolicy): Promise<StoredImage>;
  networking(): Promise<Networking>;
  /** The flavour that a pod was prepared with. */
  flavour(name: Flavour["name"]): Promise<Flavour>;
  chooseStage1(choice: Stage1Choice): Promise<ChosenStage1>;
}
