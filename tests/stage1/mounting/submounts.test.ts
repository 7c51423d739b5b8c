import assert from "node:assert/strict";
import { mountPointOf, mountPointsBelow } from "../../../stage1/mounting/submounts.ts";

const mountinfo = `20 1 8:1 / / rw shared:1 - ext4 /dev/vda rw
21 20 8:2 / /srv rw shared:2 - ext4 /dev/vdb rw
22 21 0:5 / /srv/with\\040blank/deep rw - tmpfs none rw
23 21 0:5 / /srv/with\\040blank rw - tmpfs none rw
24 20 0:6 / /srvother rw - tmpfs none rw
`;

describe("what is mounted below a folder", () => {
  it("comes outer before inner, with its real name, and without its neighbours", () => {
    assert.deepEqual(mountPointsBelow("/srv", mountinfo), ["/srv/with blank", "/srv/with blank/deep"]);
  });

  it("tells the mount that holds a path", () => {
    assert.equal(mountPointOf("/srv/pods", mountinfo), "/srv");
    assert.equal(mountPointOf("/srvothers", mountinfo), "/");
  });
});
