import assert from "node:assert/strict";
import { regionOf, signForAws } from "../../../../engine/images/download/awsSignature.ts";
import { maxAgeOf } from "../../../../engine/images/download/freshness.ts";
import { passingTrouble } from "../../../../engine/images/download/passing.ts";

describe("a signature for S3", () => {
  it("is the one of AWS's own example, but for the headers that are not signed here", () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Bucket Lifecycle".
    const headers = signForAws(
      {
        url: new URL("https://examplebucket.s3.amazonaws.com/?lifecycle"),
        method: "GET",
        at: new Date("2013-05-24T00:00:00Z"),
      },
      { accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    );
    assert.deepEqual(headers, {
      "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "x-amz-date": "20130524T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " +
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    });
  });

  it("is for the region in the bucket's host name", () => {
    const cases: Record<string, string> = {
      "b.s3.eu-west-1.amazonaws.com": "eu-west-1",
      "s3-eu-west-1.amazonaws.com": "eu-west-1",
      "b.s3-us-west-2.amazonaws.com": "us-west-2",
      "b.s3.amazonaws.com": "us-east-1",
      "s3-external-1.amazonaws.com": "us-east-1",
      "minio.example.com": "us-east-1",
    };
    for (const [host, region] of Object.entries(cases)) assert.equal(regionOf(host), region, host);
  });
});

describe("the freshness of an answer", () => {
  it("is what max-age says, and none where it must not be kept", () => {
    const cases: [string | undefined, number | undefined][] = [
      [undefined, undefined],
      ["max-age=60", 60],
      ["public, MAX-AGE=60", 60],
      ["max-age=60, no-store", undefined],
      ["no-cache", undefined],
      ["max-age=0", undefined],
      ["max-age=x", undefined],
    ];
    for (const [header, seconds] of cases) assert.equal(maxAgeOf(header), seconds, header);
  });
});

describe("an answer that passes", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const wait = (status: number, retryAfter?: string) =>
    passingTrouble("host", status, retryAfter === undefined ? {} : { "retry-after": retryAfter }, now);

  it("is one of a server that is busy or away, and no other", () => {
    for (const status of [429, 500, 502, 503, 504]) assert.ok(wait(status));
    for (const status of [200, 304, 400, 401, 403, 404, 501]) assert.equal(wait(status), undefined);
  });

  it("may ask for a pause in seconds or until a date", () => {
    assert.equal(wait(429, "7")?.retryAfterMilliseconds, 7000);
    assert.equal(wait(429, "Thu, 01 Jan 2026 00:00:09 GMT")?.retryAfterMilliseconds, 9000);
    assert.equal(wait(429, "soon")?.retryAfterMilliseconds, undefined);
    assert.equal(wait(429)?.retryAfterMilliseconds, undefined);
  });
});
