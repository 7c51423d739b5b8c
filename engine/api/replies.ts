/** What a client is told, written for the wire. Numbers are those of public_api.proto. */
import type { KeyValue } from "./requests.ts";
import { bool, bytes, each, int32, int64, message, sint32, text, texts } from "./wire.ts";

export interface ApiInfo {
  readonly rktVersion: string;
  readonly appcVersion: string;
  readonly apiVersion: string;
  readonly globalFlags: {
    readonly dir: string;
    readonly systemConfigDir: string;
    readonly localConfigDir: string;
    readonly userConfigDir: string;
    readonly insecureFlags: string;
    readonly trustKeysFromHttps: boolean;
  };
}

export interface ApiPod {
  readonly id: string;
  /** -1 for none. */
  readonly pid: number;
  readonly state: ApiPodState;
  readonly apps: readonly ApiApp[];
  readonly networks: readonly ApiNetwork[];
  /** JSON. */
  readonly manifest: Buffer;
  readonly annotations: readonly KeyValue[];
  /** Empty unless the pod runs. */
  readonly cgroup: string;
  /** Nanoseconds since 1970; 0 for never. */
  readonly createdAt: bigint;
  readonly startedAt: bigint;
  readonly gcMarkedAt: bigint;
}

export const apiPodState = {
  undefined: 0,
  embryo: 1,
  preparing: 2,
  prepared: 3,
  running: 4,
  abortedPrepare: 5,
  exited: 6,
  deleting: 7,
  garbage: 8,
} as const;

export type ApiPodState = (typeof apiPodState)[keyof typeof apiPodState];

export const apiAppState = { undefined: 0, running: 1, exited: 2 } as const;

export interface ApiApp {
  readonly name: string;
  readonly image: ApiImage;
  readonly state: (typeof apiAppState)[keyof typeof apiAppState];
  /** -1 for none. */
  readonly exitCode: number;
  readonly annotations: readonly KeyValue[];
}

export interface ApiNetwork {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Every image that the engine runs is, or was made, one of appc's. */
export const APPC_IMAGE = 1;

export interface ApiImage {
  readonly formatVersion: string;
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly importTimestamp: bigint;
  /** JSON. */
  readonly manifest: Buffer;
  readonly size: bigint;
  readonly annotations: readonly KeyValue[];
  readonly labels: readonly KeyValue[];
}

export function writeInfo({ rktVersion, appcVersion, apiVersion, globalFlags: flags }: ApiInfo): Buffer {
  return message(1, [
    text(1, rktVersion),
    text(2, appcVersion),
    text(3, apiVersion),
    message(4, [
      text(1, flags.dir),
      text(2, flags.systemConfigDir),
      text(3, flags.localConfigDir),
      text(4, flags.userConfigDir),
      text(5, flags.insecureFlags),
      bool(6, flags.trustKeysFromHttps),
    ]),
  ]);
}

/** Of one pod or of several: the field is repeated, or is not. */
export function writePods(pods: readonly ApiPod[]): Buffer {
  return each(pods, (pod) =>
    message(1, [
      text(1, pod.id),
      sint32(2, pod.pid),
      int32(3, pod.state),
      each(pod.apps, writeApp),
      each(pod.networks, ({ name, ipv4, ipv6 }) => message(5, [text(1, name), text(2, ipv4), text(3, ipv6)])),
      bytes(6, pod.manifest),
      pairs(7, pod.annotations),
      text(8, pod.cgroup),
      int64(9, pod.createdAt),
      int64(10, pod.startedAt),
      int64(11, pod.gcMarkedAt),
    ]),
  );
}

export function writeImages(images: readonly ApiImage[]): Buffer {
  return each(images, (image) => message(1, imageFields(image)));
}

export function writeLines(lines: readonly string[]): Buffer {
  return texts(1, lines);
}

function writeApp({ name, image, state, exitCode, annotations }: ApiApp): Buffer {
  return message(4, [
    text(1, name),
    message(2, imageFields(image)),
    int32(3, state),
    sint32(4, exitCode),
    pairs(5, annotations),
  ]);
}

function imageFields(image: ApiImage): readonly Buffer[] {
  return [
    message(1, [int32(1, APPC_IMAGE), text(2, image.formatVersion)]),
    text(2, image.id),
    text(3, image.name),
    text(4, image.version),
    int64(5, image.importTimestamp),
    bytes(6, image.manifest),
    int64(7, image.size),
    pairs(8, image.annotations),
    pairs(9, image.labels),
  ];
}

function pairs(number: number, values: readonly KeyValue[]): Buffer {
  return each(values, ({ key, value }) => message(number, [text(1, key), text(2, value)]));
}
