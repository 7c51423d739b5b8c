import { flag, int64, list, map, nested, text, textList, uint64 } from "../protobuf/fields.ts";
import { message, type GivenOf, type ValueOf } from "../protobuf/message.ts";
import { podSandboxConfig } from "./sandboxConfig.ts";
import { imageSpec } from "./imageSpec.ts";
import { int64Value, uint64Value } from "./wrapped.ts";

const imageFilter = message({ image: nested(1, imageSpec) });

export const image = message({
  id: text(1),
  repoTags: textList(2),
  repoDigests: textList(3),
  size: uint64(4),
  uid: nested(5, int64Value),
  username: text(6),
  spec: nested(7, imageSpec),
  pinned: flag(8),
});
export type CriImage = GivenOf<typeof image>;

export const listImagesRequest = message({ filter: nested(1, imageFilter) });
export const listImagesResponse = message({ images: list(1, image) });
export const streamImagesRequest = listImagesRequest;
export const streamImagesResponse = listImagesResponse;

export const imageStatusRequest = message({ image: nested(1, imageSpec), verbose: flag(2) });
export const imageStatusResponse = message({ image: nested(1, image), info: map(2) });

const authConfig = message({
  username: text(1),
  password: text(2),
  auth: text(3),
  serverAddress: text(4),
  identityToken: text(5),
  registryToken: text(6),
});
export type AuthConfig = ValueOf<typeof authConfig>;

export const pullImageRequest = message({
  image: nested(1, imageSpec),
  auth: nested(2, authConfig),
  sandboxConfig: nested(3, podSandboxConfig),
});
export const pullImageResponse = message({ imageRef: text(1) });

export const removeImageRequest = message({ image: nested(1, imageSpec) });
export const removeImageResponse = message({});

const filesystemIdentifier = message({ mountpoint: text(1) });

export const filesystemUsage = message({
  timestamp: int64(1),
  fsId: nested(2, filesystemIdentifier),
  usedBytes: nested(3, uint64Value),
  inodesUsed: nested(4, uint64Value),
});

export const imageFsInfoRequest = message({});
export const imageFsInfoResponse = message({
  imageFilesystems: list(1, filesystemUsage),
  containerFilesystems: list(2, filesystemUsage),
});
