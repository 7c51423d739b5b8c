import type { Folders, Report } from "../context.ts";
import type { TrustStore } from "./trustStore.ts";

/**
 * The keys and policies under the system's and the administrator's folder. They are read at each verification, so a
 * server that runs for months knows a key as soon as it is trusted, and no longer than that.
 */
export function openTrustStore(
  folders: Pick<Folders, "system" | "local">,
  report: Report,
): Promise<TrustStore> {
  return Promise.resolve({
    async verifyDetached(imageName, content, signature) {
      // It may fail while keys are read, when nobody listens yet; whoever reads it is told then.
      content.on("error", () => undefined);
      const { keysTrustedFor } = await import("./keyFolders.ts");
      const { UnknownSigner, verifyDetachedWith } = await import("./openpgp/verify.ts");
      try {
        const keys = await keysTrustedFor(imageName, folders, report);
        return await verifyDetachedWith(keys, content, signature);
      } catch (refusal) {
        if (refusal instanceof UnknownSigner) {
          report.line("image: If you expected the signing key to change, try running:");
          report.line("image:     rkt trust --prefix <image>");
        }
        throw refusal;
      } finally {
        content.destroy();
      }
    },
    async verifyOci(image, signatures) {
      const { verifyOciImage } = await import("./policy/verifyOci.ts");
      return verifyOciImage(image, signatures, folders, report);
    },
  });
}
