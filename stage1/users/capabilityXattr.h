/* The capabilities of a program's file, as the kernel keeps them: version 2, and 3, which says for whose root they are. */
#include <endian.h>

#define CAPABILITY_XATTR "security.capability"
#define CAPABILITY_XATTR_SIZE 20 /* of version 2 */

struct capabilityXattr {
    uint32_t version; /* the highest byte; the lowest bit says whether they are in force at once */
    uint32_t sets[4];
    uint32_t root;
};

/* Makes version 2 into version 3 for a user namespace whose root is this one. 0 where it is of another version. */
static int capability_xattr_for(struct capabilityXattr *capabilities, uint32_t root)
{
    uint32_t version = le32toh(capabilities->version);

    if ((version & 0xff000000u) != 0x02000000u)
        return 0;
    capabilities->version = htole32((version & 0x00ffffffu) | 0x03000000u);
    capabilities->root = htole32(root);
    return 1;
}
