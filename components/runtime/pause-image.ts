/** The image of a pod's sandbox. Ours alone: it is imported from a file and never pulled. */
export const PAUSE_IMAGE = "rktnetes.local/pause:1";
