/**
 * Loaded before the program, by `nodeargs` in Pulumi.yaml: puts off what @pulumi/pulumi prepares in case a program has
 * functions to write into its state. This one has none, and the preparation takes longer than the program itself.
 */
import { registerHooks } from "node:module";

const putOff = new Map(
  ["typescript", "@npmcli/arborist", "../../runtime/closure/v8Hooks"].map((asked) => [
    asked,
    new URL(`./${asked.split("/").at(-1) ?? asked}.cjs`, import.meta.url).href,
  ]),
);

registerHooks({
  resolve(asked, context, next) {
    const instead = putOff.get(asked);
    if (instead === undefined || context.parentURL?.includes("/node_modules/@pulumi/pulumi/") !== true)
      return next(asked, context);
    return { url: instead, format: "commonjs", shortCircuit: true };
  },
});

// What runs is what was written, so no stack needs a source map; @pulumi/pulumi would read its own for every promise.
Object.defineProperty(Error, "prepareStackTrace", { get: () => undefined, set: () => undefined });
