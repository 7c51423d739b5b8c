/** The LanguageRuntime service: what the engine asks of a language. */
import grpc from "@grpc/grpc-js";
import type languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languageProto from "@pulumi/pulumi/proto/language_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import { version } from "@pulumi/pulumi/version.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { messageOf } from "../../errors/fault.ts";
import type { Children, Ending } from "./children.ts";
import { installCommand } from "./install.ts";
import {
  locateEntry,
  pluginArguments,
  pluginEntry,
  programArguments,
  programEnvironment,
} from "./invocation.ts";
import { optionsEnvironment, parseOptions, type RuntimeOptions } from "./options.ts";
import { installedPackages, providerPackages } from "./packages.ts";

/** @pulumi/pulumi ends with this code when it has told the user everything already. */
const ERROR_ALREADY_SHOWN = 32;

export function languageService(
  engineAtStart: string,
  children: Children,
): grpc.UntypedServiceImplementation {
  let engine = engineAtStart;

  const run = async (request: languageProto.RunRequest): Promise<languageProto.RunResponse> => {
    const info = infoOf(request);
    const options = optionsOf(info);
    const program = {
      monitor: request.getMonitorAddress(),
      engine,
      organization: request.getOrganization(),
      project: request.getProject(),
      stack: request.getStack(),
      rootDirectory: info.getRootDirectory(),
      programDirectory: info.getProgramDirectory(),
      entryPoint: info.getEntryPoint(),
      dryRun: request.getDryrun(),
      parallel: request.getParallel(),
      args: request.getArgsList(),
      config: new Map(request.getConfigMap().toArray()),
      configSecretKeys: request.getConfigsecretkeysList(),
    };
    const entry = locateEntry("@pulumi/pulumi/cmd/run", program.programDirectory);
    // The program writes straight to the engine's pipes: nothing is copied and nothing is reordered.
    const child = children.start(process.execPath, programArguments(program, entry, options), {
      env: { ...process.env, ...programEnvironment(program, options) },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const reply = new languageProto.RunResponse();
    const ending = await child.ended;
    if (ending.code === ERROR_ALREADY_SHOWN) reply.setBail(true);
    else if (ending.code !== 0) reply.setError(`the program ${endingText(ending)}`);
    return reply;
  };

  const runPlugin: grpc.handleServerStreamingCall<
    languageProto.RunPluginRequest,
    languageProto.RunPluginResponse
  > = (call) => {
    streamed(call, async () => {
      const request = call.request;
      const info = infoOf(request);
      const options = optionsOf(info);
      const plugin = {
        kind: request.getKind(),
        programDirectory: info.getProgramDirectory(),
        args: request.getArgsList(),
      };
      const entry = locateEntry(pluginEntry(plugin.kind), plugin.programDirectory);
      const child = children.start(process.execPath, pluginArguments(plugin, entry, options), {
        cwd: plugin.kind === "analyzer" ? plugin.programDirectory : request.getPwd(),
        env: { ...environmentOf(request.getEnvList()), ...optionsEnvironment(options) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      call.on("cancelled", () => child.process.kill("SIGKILL"));
      child.process.stdout?.on("data", (chunk: Buffer) => {
        call.write(new languageProto.RunPluginResponse().setStdout(chunk));
      });
      child.process.stderr?.on("data", (chunk: Buffer) => {
        call.write(new languageProto.RunPluginResponse().setStderr(chunk));
      });
      const ending = await child.ended;
      if (ending.code !== 0) throw new Error(`the plugin ${endingText(ending)}`);
      call.write(new languageProto.RunPluginResponse().setExitcode(0));
    });
  };

  const installDependencies: grpc.handleServerStreamingCall<
    languageProto.InstallDependenciesRequest,
    languageProto.InstallDependenciesResponse
  > = (call) => {
    streamed(call, async () => {
      const info = infoOf(call.request);
      const { command, args } = await installCommand(info.getProgramDirectory(), optionsOf(info));
      const child = children.start(command, args, {
        cwd: info.getProgramDirectory(),
        stdio: ["ignore", "pipe", "pipe"],
      });
      call.on("cancelled", () => child.process.kill("SIGTERM"));
      child.process.stdout?.on("data", (chunk: Buffer) => {
        call.write(new languageProto.InstallDependenciesResponse().setStdout(chunk));
      });
      child.process.stderr?.on("data", (chunk: Buffer) => {
        call.write(new languageProto.InstallDependenciesResponse().setStderr(chunk));
      });
      const ending = await child.ended;
      if (ending.code !== 0) throw new Error(`${[command, ...args].join(" ")} ${endingText(ending)}`);
    });
  };

  const methods = {
    handshake: unary((request: languageProto.LanguageHandshakeRequest) => {
      engine = request.getEngineAddress();
      return Promise.resolve(new languageProto.LanguageHandshakeResponse());
    }),

    getRequiredPackages: unary(async (request: languageProto.GetRequiredPackagesRequest) => {
      const reply = new languageProto.GetRequiredPackagesResponse();
      for (const found of await providerPackages(infoOf(request).getProgramDirectory())) {
        const entry = new pluginProto.PackageDependency();
        entry.setName(found.name);
        entry.setKind("resource");
        entry.setVersion(found.version);
        entry.setServer(found.server);
        reply.addPackages(entry);
      }
      return reply;
    }),

    run: unary((request: languageProto.RunRequest) =>
      run(request).catch((thrown: unknown) => new languageProto.RunResponse().setError(messageOf(thrown))),
    ),

    runPlugin,
    installDependencies,

    getPluginInfo: unary(() => Promise.resolve(new pluginProto.PluginInfo().setVersion(`v${version}`))),

    about: unary((request: languageProto.AboutRequest) => {
      const reply = new languageProto.AboutResponse();
      reply.setExecutable(process.execPath);
      reply.setVersion(process.version);
      reply.getMetadataMap().set("host", "the project's own language host");
      reply.getMetadataMap().set("packagemanager", optionsOf(request.getInfo()).packagemanager);
      return Promise.resolve(reply);
    }),

    getProgramDependencies: unary(async (request: languageProto.GetProgramDependenciesRequest) => {
      const reply = new languageProto.GetProgramDependenciesResponse();
      const packages = await installedPackages(
        infoOf(request).getProgramDirectory(),
        request.getTransitivedependencies(),
      );
      for (const { name, version } of packages) {
        const entry = new languageProto.DependencyInfo();
        entry.setName(name);
        entry.setVersion(version);
        reply.addDependencies(entry);
      }
      return reply;
    }),

    runtimeOptionsPrompts: unary(() => Promise.resolve(new languageProto.RuntimeOptionsResponse())),
    template: unary(() => Promise.resolve(new languageProto.TemplateResponse())),

    cancel: unary(() => {
      children.interruptAll();
      return Promise.resolve(new empty.Empty());
    }),

    // The engine asks for packages first and takes this answer for "ask the other way".
    getRequiredPlugins: refused("GetRequiredPlugins", "GetRequiredPackages answers instead"),
    generateProgram: refused("GenerateProgram", NO_GENERATOR),
    generateProject: refused("GenerateProject", NO_GENERATOR),
    generatePackage: refused("GeneratePackage", NO_GENERATOR),
    pack: refused("Pack", NO_GENERATOR),
    link: refused("Link", NO_GENERATOR),
  } satisfies Partial<Record<keyof languageGrpc.ILanguageRuntimeService, unknown>>;
  return methods;
}

const NO_GENERATOR = "it writes and packs no code; install the official Pulumi for that";

function unary<Request, Reply>(
  handle: (request: Request) => Promise<Reply>,
): grpc.handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(handle)
      .then(
        (reply) => {
          callback(null, reply);
        },
        (thrown: unknown) => {
          callback({ code: grpc.status.UNKNOWN, details: messageOf(thrown) }, null);
        },
      );
  };
}

function streamed<Request, Reply>(
  call: grpc.ServerWritableStream<Request, Reply>,
  serve: () => Promise<void>,
): void {
  serve().then(
    () => {
      call.end();
    },
    (thrown: unknown) => {
      call.emit("error", { code: grpc.status.UNKNOWN, details: messageOf(thrown) });
    },
  );
}

function refused(method: string, reason: string): grpc.handleUnaryCall<unknown, never> {
  return (_call, callback) => {
    const details = `the project's own language host does not do ${method}: ${reason}`;
    callback({ code: grpc.status.UNIMPLEMENTED, details }, null);
  };
}

function infoOf(request: { getInfo(): languageProto.ProgramInfo | undefined }): languageProto.ProgramInfo {
  const info = request.getInfo();
  if (info === undefined)
    throw new Error("the engine did not say where the program is; is the CLI older than 3.259?");
  return info;
}

function optionsOf(info: languageProto.ProgramInfo | undefined): RuntimeOptions {
  return parseOptions(info?.getOptions()?.toJavaScript() ?? {});
}

function environmentOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function endingText(ending: Ending): string {
  return ending.signal === null
    ? `ended with exit code ${ending.code ?? "unknown"}`
    : `was ended by ${ending.signal}${ending.signal === "SIGABRT" ? ", as when Node runs out of memory" : ""}`;
}
