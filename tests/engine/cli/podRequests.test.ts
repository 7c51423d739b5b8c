import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareRequest, refuseContradictions, startRequest } from "../../../engine/cli/flags/podRequests.ts";
import { allCommands } from "../../../engine/cli/grammar/commands.ts";
import { parseCommandLine } from "../../../engine/cli/parse.ts";
import type { AppRequest, ImagesOfPod, PrepareRequest, StartRequest } from "../../../engine/pods/requests.ts";

function read(line: string): { readonly prepare: PrepareRequest; readonly start: StartRequest } {
  const parsed = parseCommandLine(`run ${line}`.split(" "), allCommands, {});
  if (parsed.kind !== "command") return assert.fail("help");
  const said = { grammar: parsed.command, flags: parsed.flags, said: parsed.said };
  const read = { prepare: prepareRequest(said), start: startRequest(said) };
  refuseContradictions(read.prepare, read.start);
  return read;
}

function content(line: string): ImagesOfPod {
  const { content } = read(line).prepare;
  return content.from === "images" ? content : assert.fail("a manifest");
}

function app(line: string): AppRequest {
  return content(line).apps[0] ?? assert.fail("no app");
}

describe("requests of rkt run", () => {
  it("give each image the flags and arguments behind it", () => {
    const { apps } = content("one --name=a --memory=64M -- x --- two --cpu=500m --user 7");
    assert.deepEqual(
      apps.map(({ image, name, memory, cpu, user, arguments: words }) => ({
        image,
        name,
        memory,
        cpu,
        user,
        words,
      })),
      [
        { image: "one", name: "a", memory: "64M", cpu: undefined, user: undefined, words: ["x"] },
        { image: "two", name: undefined, memory: undefined, cpu: "500m", user: "7", words: [] },
      ],
    );
  });

  it("take every flag of an image", () => {
    assert.deepEqual(
      app(
        "img --exec=/bin/x --group=g --supplementary-gids=1,2 --working-dir=/w --environment=A=1=2 --readonly-rootfs" +
          " --cpu-shares=2048 --oom-score-adj=-5 --caps-retain=CAP_KILL,CAP_CHOWN --seccomp=mode=retain,errno=EPERM,chmod" +
          " --annotation=a.b/c=d --user-annotation=e=f --user-label=g=h --signature=s.asc --stdin=interactive --stdout=log",
      ),
      {
        image: "img",
        arguments: [],
        environment: [{ name: "A", value: "1=2" }],
        mounts: [],
        annotations: [{ name: "a.b/c", value: "d" }],
        userAnnotations: { e: "f" },
        userLabels: { g: "h" },
        exec: "/bin/x",
        group: "g",
        supplementaryGids: [1, 2],
        workingDirectory: "/w",
        readOnlyRootfs: true,
        cpuShares: 2048,
        oomScoreAdj: -5,
        capsRetain: ["CAP_KILL", "CAP_CHOWN"],
        seccomp: { mode: "retain", errno: "EPERM", syscalls: ["chmod"] },
        signature: "s.asc",
        stdin: "interactive",
        stdout: "log",
      },
    );
  });

  it("give a mount before the images to all, and one behind an image to that alone", () => {
    const pod = content(
      "--volume d,kind=host,source=/srv,readOnly=true --volume e,kind=empty,mode=1777,uid=5 " +
        "--mount volume=d,target=/a one --mount volume=e,target=/b",
    );
    assert.deepEqual(pod.mounts, [{ volume: "d", path: "/a" }]);
    assert.deepEqual(pod.apps[0]?.mounts, [{ volume: "e", path: "/b" }]);
    assert.deepEqual(pod.volumes, [
      { name: "d", kind: "host", source: "/srv", readOnly: true, recursive: true },
      { name: "e", kind: "empty", readOnly: false, mode: "1777", uid: 5, gid: 0 },
    ]);
  });

  it("let the last of two flags count where rkt does", () => {
    const { user, environment, capsRetain } = app(
      "img --user=1 --user=2 --environment=A=1 --environment=A=2 --caps-retain=CAP_KILL --caps-retain=CAP_CHOWN",
    );
    assert.deepEqual(
      { user, environment, capsRetain },
      {
        user: "2",
        environment: [{ name: "A", value: "2" }],
        capsRetain: ["CAP_CHOWN"],
      },
    );
  });

  it("name networks, ports and what cannot go together", () => {
    assert.deepEqual(read("img").start.networks, [{ name: "default", arguments: {} }]);
    assert.deepEqual(
      read("--net=db:IP=10.1.0.9,host img").start.networks.map(({ name }) => name),
      ["db", "host"],
    );
    assert.deepEqual(content("--port=http:8080 img").ports, [{ name: "http", hostPort: 8080 }]);
    assert.throws(
      () => read("--port=http:8080 --net=none img"),
      /--port flag does not work with 'none' networking/,
    );
    assert.throws(() => read("--interactive one two"), /interactive option only supports one image/);
    assert.throws(
      () => read("--mds-register --net=none img"),
      /--mds-register flag does not work with --net=none/,
    );
  });

  it("let --stage1-* and the old pull flags choose once", () => {
    assert.deepEqual(read("--stage1-name=example.com/s1 img").prepare.stage1, {
      from: "name",
      value: "example.com/s1",
    });
    assert.deepEqual(read("img").prepare.stage1, { from: "default" });
    assert.throws(() => read("--stage1-name=a --stage1-path=b img"), /cannot be used together/);
    assert.equal(content("--store-only img").pullPolicy, "never");
    assert.equal(content("img").pullPolicy, "new");
    assert.throws(() => read("--store-only --no-store img"), /both --store-only and --no-store specified/);
  });

  it("take a pod manifest instead of images, and nothing that it would say itself", () => {
    assert.deepEqual(read("--pod-manifest=/p.json --net=host").prepare.content, {
      from: "manifest",
      path: "/p.json",
    });
    assert.throws(() => read("--pod-manifest=/p.json img"), /conflicting flags set with --pod-manifest/);
    assert.throws(() => read("--pod-manifest=/p.json --inherit-env"), /conflicting flags/);
  });

  it("read files of variables, over which those on the command line win", () => {
    const folder = mkdtempSync(join(tmpdir(), "rkt-env-"));
    try {
      writeFileSync(join(folder, "env"), "# a comment\n; another\n\nA=file\nB=x=y\n");
      assert.deepEqual(content(`--set-env=A=said --set-env-file=${folder}/env img`).setEnvironment, [
        { name: "A", value: "said" },
        { name: "B", value: "x=y" },
      ]);
      writeFileSync(join(folder, "env"), "nothing\n");
      assert.throws(() => read(`--set-env-file=${folder}/env img`), /must be specified as name=value/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const refused: readonly [string, RegExp][] = [
    ["", /must provide at least one image or specify the pod manifest/],
    ["--signature=x img", /^invalid argument "x" for --signature=x: --signature must follow an image$/],
    ["--memory 64M img", /^invalid argument "64M" for --memory: --memory must follow an image$/],
    ["-- x", /error parsing app image arguments: an image is required before any app arguments/],
    ["img -- x --- -- y", /only one set of app arguments allowed per image/],
    ["img --memory=16m", /memory limit of 1 bytes too low\. Try a reasonable value, such as --memory=16M/],
    ["img --exec=/a --exec=/b", /--exec specified multiple times for the same image/],
    ["img --name=A_b", /ACName must contain only lower case/],
    ["img --cpu-shares=1", /must be between 2 and 262144, got 1/],
    ["img --seccomp=mode=keep,chmod", /unknown seccomp mode "keep"/],
    ["img --environment=A", /invalid format of --environment flag "A"/],
    [
      "img --caps-retain=CAP_KILL --caps-remove=CAP_KILL",
      /cannot use both --caps-retain and --caps-remove on the same image/,
    ],
    [
      "--volume=d,kind=host img",
      /invalid value in --volume flag "d,kind=host": source for host volume cannot be empty/,
    ],
    ["--volume=d,kind=floppy img", /unrecognized volume kind/],
    ["--mount=volume=D,target=/x img", /invalid volume name "D" in --mount flag/],
    ["--dns=nowhere img", /error with dns flags: Invalid IP passed to --dns: nowhere/],
  ];
  for (const [line, words] of refused) {
    it(`are refused for: ${line === "" ? "nothing" : line}`, () => {
      assert.throws(() => read(line), { message: words });
    });
  }
});
