import type { AppToRun } from "./contract.ts";

/** The overlays of a pod's apps as lines for `mount --all --fstab`, to be mounted inside the pod's mount namespace. */
export function overlayTable(apps: readonly AppToRun[]): string {
  return apps
    .flatMap(({ root }) =>
      root.kind === "overlay"
        ? [
            [
              "overlay",
              word(root.target),
              "overlay",
              `lowerdir=${option(root.lower)},upperdir=${option(root.upper)},workdir=${option(root.work)}`,
              "0",
              "0",
            ].join(" "),
          ]
        : [],
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** fstab(5) takes blanks as separators. */
function word(text: string): string {
  return text.replace(/[\\\s#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** The overlay takes `:` between lower folders and `,` between options. */
function option(path: string): string {
  return word(path.replace(/[\\:,]/g, "\\$&"));
}
