/** Asks a runtime that verifies signatures for what nobody has signed. */
import type { Bed } from "./bed.ts";
import { testImages, unsignedTwinOf } from "./images/catalogue.ts";

export interface TwinResults {
  readonly refused: number;
  /** Those that were taken, or refused for another reason than they should be. */
  readonly wrong: readonly string[];
}

export async function askForTwins({ host, programs, runtime }: Bed): Promise<TwinResults> {
  const twins = testImages.flatMap(({ references }) => references.map(unsignedTwinOf));
  const said = await host.run(
    twins
      .map(
        (twin) => `said=$(${programs}/crictl --runtime-endpoint ${runtime.endpoint} pull ${twin} 2>&1)
case "$? $said" in
"0 "*) echo "${twin}: taken, although nobody has signed it" ;;
*SignatureValidationFailed*) ;;
*) echo "${twin}: $said" | tr '\\n' ' '; echo ;;
esac`,
      )
      .join("\n"),
  );
  const wrong = said.split("\n").filter((line) => line !== "");
  return { refused: twins.length - wrong.length, wrong };
}
