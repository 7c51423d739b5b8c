import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { writeLayout } from "../../../lab/images/oci.ts";
import { pushImage } from "../../../lab/images/push.ts";

/** The little of the distribution API that a push needs, kept in memory. */
class ToyRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, string>();
  uploads = 0;
  refusal: string | undefined;
  readonly server: Server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const url = new URL(request.url ?? "/", "http://toy");
      const digest = url.searchParams.get("digest") ?? "";
      if (this.refusal !== undefined && request.method === "PUT") {
        reply.writeHead(400).end(this.refusal);
      } else if (request.method === "HEAD") {
        reply.writeHead(this.blobs.has(url.pathname.split("/").at(-1) ?? "") ? 200 : 404).end();
      } else if (request.method === "POST") {
        this.uploads += 1;
        reply.writeHead(202, { location: `${url.pathname}here?_state=x` }).end();
      } else if (url.pathname.includes("/blobs/uploads/")) {
        const right = `sha256:${createHash("sha256").update(body).digest("hex")}` === digest;
        if (right && url.searchParams.get("_state") === "x") this.blobs.set(digest, body);
        reply.writeHead(right ? 201 : 400).end();
      } else {
        this.manifests.set(url.pathname, body.toString());
        reply.writeHead(201).end();
      }
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
  }
}

describe("a push", () => {
  let folder = "";
  let registry = new ToyRegistry();
  let server = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "push-"));
    await writeFile(join(folder, "layer.tar"), "the layer");
    await writeLayout(join(folder, "layout"), join(folder, "layer.tar"), [
      { name: "one", config: { Cmd: ["/one"] } },
      { name: "two", config: { Cmd: ["/two"] } },
    ]);
    registry = new ToyRegistry();
    server = await registry.listen();
  });
  afterEach(async () => {
    registry.server.close();
    await rm(folder, { recursive: true });
  });

  it("brings layer, configuration and manifest, and gives the manifest's digest", async () => {
    const digest = await pushImage(join(folder, "layout"), "one", { server, repository: "one", tag: "abc" });
    const manifest = registry.manifests.get("/v2/one/manifests/abc") ?? "";
    assert.equal(digest, `sha256:${createHash("sha256").update(manifest).digest("hex")}`);
    assert.equal(registry.blobs.size, 2);
  });

  it("brings nothing twice that is there already", async () => {
    await pushImage(join(folder, "layout"), "one", { server, repository: "one", tag: "abc" });
    await pushImage(join(folder, "layout"), "two", { server, repository: "two", tag: "abc" });
    assert.equal(registry.uploads, 3);
  });

  it("says what the registry had against it", async () => {
    registry.refusal = "no room on the disk";
    await assert.rejects(
      pushImage(join(folder, "layout"), "one", { server, repository: "one", tag: "abc" }),
      /refuses an upload[\s\S]*no room on the disk/,
    );
  });

  it("says why the registry could not be reached", async () => {
    await assert.rejects(
      pushImage(join(folder, "layout"), "one", {
        server: "http://127.0.0.1:1",
        repository: "one",
        tag: "abc",
      }),
      /does not answer/,
    );
  });

  it("refuses an image that the layout does not have", async () => {
    await assert.rejects(
      pushImage(join(folder, "layout"), "three", { server, repository: "x", tag: "y" }),
      /no image "three"/,
    );
  });
});
