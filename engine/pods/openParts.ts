import type { EngineContext } from "../context.ts";
import type { Flavour } from "../../stage1/contract.ts";
import type { Store } from "../store/store.ts";
import { chooseStage1 } from "./chooseStage1.ts";
import { openFlavour } from "./openFlavour.ts";
import type { PodParts } from "./parts.ts";

/** The real parts, each loaded when it is first asked for. */
export function openParts(context: EngineContext): PodParts {
  let store: Promise<Store> | undefined;
  /** One of each: what it has begun, it has to know when it is to run. */
  const flavours = new Map<Flavour["name"], Promise<Flavour>>();
  const parts: PodParts = {
    context,
    store: () => (store ??= import("../store/openStore.ts").then(({ openStore }) => openStore(context))),
    async fetch({ image, signature }, pullPolicy) {
      const [{ fetchImage }, { openTrustStore }, opened] = await Promise.all([
        import("../images/fetch.ts"),
        import("../trust/openTrustStore.ts"),
        parts.store(),
      ]);
      const trust = await openTrustStore(context.folders, context.report);
      return await fetchImage(context, opened, trust, {
        reference: image,
        pullPolicy,
        ...(signature !== undefined && { signature }),
      });
    },
    async networking() {
      const { openNetworking } = await import("../network/openNetworking.ts");
      return openNetworking(context);
    },
    flavour(name) {
      const opened = flavours.get(name) ?? openFlavour(name, context);
      flavours.set(name, opened);
      return opened;
    },
    async chooseStage1(choice) {
      const chosen = chooseStage1(choice, context);
      if (chosen.from === "package") return { flavour: chosen.flavour };
      const store = await parts.store();
      if (chosen.from === "hash") return { flavour: "foreign", image: await store.byId(chosen.value) };
      // A stage1 is verified as any other image is.
      return { flavour: "foreign", image: await parts.fetch({ image: chosen.value }, "new") };
    },
  };
  return parts;
}
