/** The Debian releases that hosts may have, the default first. */
export const releases = ["trixie", "bookworm"] as const;
export type Release = (typeof releases)[number];
