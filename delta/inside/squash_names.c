/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/squash.h"
#include <stdlib.h>
#include <string.h>

#define LISTING_NONE 3 /* a folder's size counts "." and ".." so */
#define HEAD_BYTES   12
#define ENTRY_BYTES  8
#define HEAD_ENTRIES 256

struct walk {
        const struct squash_super *super;
        const struct squash_table *inodes;
        const struct squash_table *folders;
        uint64_t *names;
        uint64_t *queue; /* references of folders still to be read */
        uint32_t queued;
        uint32_t entries;
        uint8_t *seen; /* by inode number: it is a folder, and queued */
};

static enum rc find_inode(const struct walk *walk, uint64_t reference, struct squash_inode *ret,
                          struct err *err)
{
        size_t at;
        const enum rc rc =
                squash_table_seek(walk->inodes, reference >> 16, reference & 0xffff, &at, err);

        return rc == RC_OK ? squash_inode_parse(walk->super, walk->inodes, at, ret, err) : rc;
}

static enum rc queue_folder(struct walk *walk, uint32_t number, uint64_t reference, struct err *err)
{
        if (walk->seen[number])
                return squash_bad(err, "image-loop",
                                  "two folders hold the same folder, or a folder itself");
        walk->seen[number] = 1;
        walk->queue[walk->queued++] = reference;
        return RC_OK;
}

/* One entry at *at, under a head that says where the inodes are. */
static enum rc read_entry(struct walk *walk, uint64_t folder_name, const uint8_t *head, size_t *at,
                          size_t end, struct err *err)
{
        const uint8_t *entry = walk->folders->data + *at;
        uint32_t number;
        size_t name_bytes;

        if (end - *at < ENTRY_BYTES)
                return squash_bad(err, "image-folder", "a folder's listing is cut off");
        name_bytes = (size_t)get_u16(entry + 6) + 1;
        if (name_bytes > 256 || name_bytes > end - *at - ENTRY_BYTES)
                return squash_bad(err, "image-folder", "a name in a folder is cut off");
        if (++walk->entries > SQUASH_ENTRIES_MAX)
                return squash_bad(err, "image-folder", "too many names in folders");
        number = get_u32(head + 8) + (uint32_t)(int32_t)(int16_t)get_u16(entry + 2);
        if (!number || number > walk->super->inodes)
                return squash_bad(err, "image-folder", "a folder names an inode that is none");
        walk->names[number] = image_hash(folder_name, entry + ENTRY_BYTES, name_bytes);
        *at += ENTRY_BYTES + name_bytes;
        if (get_u16(entry + 4) != 1)
                return RC_OK;
        return queue_folder(walk, number, (uint64_t)get_u32(head + 4) << 16 | get_u16(entry), err);
}

static enum rc read_folder(struct walk *walk, const struct squash_inode *folder, struct err *err)
{
        const uint64_t name = walk->names[folder->number];
        size_t at;
        size_t end;
        enum rc rc;

        if (folder->size <= LISTING_NONE)
                return RC_OK;
        rc = squash_table_seek(walk->folders, folder->start, folder->offset, &at, err);
        if (rc != RC_OK)
                return rc;
        if (folder->size - LISTING_NONE > walk->folders->bytes - at)
                return squash_bad(err, "image-folder",
                                  "a folder's listing ends outside of its table");
        end = at + folder->size - LISTING_NONE;
        while (at < end) {
                const uint8_t *head = walk->folders->data + at;
                uint32_t count;

                if (end - at < HEAD_BYTES)
                        return squash_bad(err, "image-folder", "a folder's listing is cut off");
                count = get_u32(head);
                if (count >= HEAD_ENTRIES)
                        return squash_bad(err, "image-folder", "too many names under one head");
                at += HEAD_BYTES;
                for (uint32_t i = 0; i <= count; i++) {
                        rc = read_entry(walk, name, head, &at, end, err);
                        if (rc != RC_OK)
                                return rc;
                }
        }
        return RC_OK;
}

static enum rc walk_folders(struct walk *walk, struct err *err)
{
        struct squash_inode folder;
        enum rc rc = find_inode(walk, walk->super->root, &folder, err);

        if (rc == RC_OK)
                rc = queue_folder(walk, folder.number, walk->super->root, err);
        for (uint32_t i = 0; rc == RC_OK && i < walk->queued; i++) {
                rc = find_inode(walk, walk->queue[i], &folder, err);
                if (rc != RC_OK)
                        break;
                if (folder.type != 1 && folder.type != 8)
                        return squash_bad(err, "image-folder", "what is named as a folder is none");
                if (!walk->seen[folder.number])
                        return squash_bad(err, "image-folder", "a folder has two numbers");
                rc = read_folder(walk, &folder, err);
        }
        return rc;
}

enum rc squash_names_read(const struct squash_super *super, const struct squash_table *inodes,
                          const struct squash_table *folders, uint64_t **ret, struct err *err)
{
        const size_t count = (size_t)super->inodes + 1;
        struct walk walk = {.super = super, .inodes = inodes, .folders = folders};
        enum rc rc;

        walk.names = calloc(count, sizeof(*walk.names));
        walk.queue = calloc(count, sizeof(*walk.queue));
        walk.seen = calloc(count, 1);
        if (!walk.names || !walk.queue || !walk.seen)
                rc = err_set(err, RC_NOMEM, "no memory for the names of an image");
        else
                rc = walk_folders(&walk, err);
        if (rc == RC_OK) {
                *ret = walk.names;
                walk.names = NULL;
        }
        free(walk.names);
        free(walk.queue);
        free(walk.seen);
        return rc;
}
