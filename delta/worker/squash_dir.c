/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/squash.h"
#include "delta/worker/squash_inside.h"
#include <sqfs/dir.h>
#include <sqfs/inode.h>
#include <string.h>

#define DIR_HEADER_ENTRIES_MAX 256
#define DIR_NAME_MAX           256
#define DIR_SIZE_EXTRA         3 /* a listing's size counts "." and ".." although it has neither */
#define REFERENCE_BLOCK(ref)   ((ref) >> 16)
#define REFERENCE_OFFSET(ref)  ((size_t)((ref)&0xffff))

static enum rc read_dir(sqfs_meta_reader_t *reader, struct squash_inode *inode, struct err *err)
{
        sqfs_inode_dir_t dir;
        const enum rc rc = squash_meta_read(reader, &dir, sizeof(dir), err);

        if (rc != RC_OK)
                return rc;
        inode->dir_block = dir.start_block;
        inode->dir_offset = dir.offset;
        inode->size = dir.size;
        return RC_OK;
}

static enum rc read_dir_ext(sqfs_meta_reader_t *reader, struct squash_inode *inode, struct err *err)
{
        sqfs_inode_dir_ext_t dir;
        const enum rc rc = squash_meta_read(reader, &dir, sizeof(dir), err);

        if (rc != RC_OK)
                return rc;
        inode->type = SQFS_INODE_DIR;
        inode->dir_block = dir.start_block;
        inode->dir_offset = dir.offset;
        inode->size = dir.size;
        return RC_OK;
}

static enum rc read_file(sqfs_meta_reader_t *reader, struct squash_inode *inode, struct err *err)
{
        sqfs_inode_file_t file;
        const enum rc rc = squash_meta_read(reader, &file, sizeof(file), err);

        if (rc != RC_OK)
                return rc;
        inode->blocks_start = file.blocks_start;
        inode->fragment = file.fragment_index;
        inode->fragment_offset = file.fragment_offset;
        inode->size = file.file_size;
        return RC_OK;
}

static enum rc read_file_ext(sqfs_meta_reader_t *reader, struct squash_inode *inode,
                             struct err *err)
{
        sqfs_inode_file_ext_t file;
        const enum rc rc = squash_meta_read(reader, &file, sizeof(file), err);

        if (rc != RC_OK)
                return rc;
        inode->type = SQFS_INODE_FILE;
        inode->blocks_start = file.blocks_start;
        inode->fragment = file.fragment_idx;
        inode->fragment_offset = file.fragment_offset;
        inode->size = file.file_size;
        return RC_OK;
}

enum rc squash_inode_read(struct squash *squash, sqfs_meta_reader_t *reader, uint64_t reference,
                          struct squash_inode *ret, struct err *err)
{
        struct squash_inode inode = {0};
        sqfs_inode_t base;
        enum rc rc;
        int code;

        if (REFERENCE_BLOCK(reference) >= squash->super.bytes_used)
                return squash_corrupt("an inode lies outside of it", err);
        code = sqfs_meta_reader_seek(reader,
                                     squash->super.inode_table_start + REFERENCE_BLOCK(reference),
                                     REFERENCE_OFFSET(reference));
        if (code)
                return squash_failed(code, "inodes", err);
        rc = squash_meta_read(reader, &base, sizeof(base), err);
        if (rc != RC_OK)
                return rc;
        inode.type = base.type;
        if (base.type == SQFS_INODE_DIR)
                rc = read_dir(reader, &inode, err);
        else if (base.type == SQFS_INODE_EXT_DIR)
                rc = read_dir_ext(reader, &inode, err);
        else if (base.type == SQFS_INODE_FILE)
                rc = read_file(reader, &inode, err);
        else if (base.type == SQFS_INODE_EXT_FILE)
                rc = read_file_ext(reader, &inode, err);
        if (rc == RC_OK)
                *ret = inode;
        return rc;
}

struct listing {
        sqfs_meta_reader_t *reader;
        uint64_t left; /* bytes */
        const char *name;
        uint64_t reference;
        bool found;
};

static enum rc listing_read(struct listing *listing, void *ret, size_t bytes, struct err *err)
{
        if (bytes > listing->left)
                return squash_corrupt("a folder ends inside an entry", err);
        listing->left -= bytes;
        return squash_meta_read(listing->reader, ret, bytes, err);
}

static bool name_is_sane(const char *name, size_t bytes)
{
        return !memchr(name, '\0', bytes) && !memchr(name, '/', bytes) && strcmp(name, ".") != 0 &&
               strcmp(name, "..") != 0;
}

static enum rc read_entry(struct listing *listing, uint32_t start_block, struct err *err)
{
        char name[DIR_NAME_MAX + 1];
        struct {
                uint16_t offset;
                int16_t inode_diff;
                uint16_t type;
                uint16_t size; /* of the name, minus 1 */
        } entry;
        size_t bytes;
        enum rc rc;

        rc = listing_read(listing, &entry, sizeof(entry), err);
        if (rc != RC_OK)
                return rc;
        bytes = (size_t)entry.size + 1;
        if (bytes > DIR_NAME_MAX)
                return squash_corrupt("a name is too long", err);
        rc = listing_read(listing, name, bytes, err);
        if (rc != RC_OK)
                return rc;
        name[bytes] = '\0';
        if (!name_is_sane(name, bytes))
                return squash_corrupt("a folder has a name that is not one", err);
        if (strcmp(name, listing->name) != 0)
                return RC_OK;
        /* Two readers could then see two different files. */
        if (listing->found)
                return squash_corrupt("a folder has a name twice", err);
        listing->found = true;
        listing->reference = (uint64_t)start_block << 16 | entry.offset;
        return RC_OK;
}

static enum rc read_listing(struct squash *squash, struct listing *listing, struct err *err)
{
        while (listing->left) {
                struct {
                        uint32_t count; /* minus 1 */
                        uint32_t start_block;
                        uint32_t inode_number;
                } header;
                enum rc rc = listing_read(listing, &header, sizeof(header), err);

                if (rc != RC_OK)
                        return rc;
                if (header.count >= DIR_HEADER_ENTRIES_MAX)
                        return squash_corrupt("a folder has a header that is too long", err);
                for (uint32_t i = 0; i <= header.count; i++) {
                        if (++squash->entries_read > SQUASH_ENTRIES_MAX)
                                return err_set_code(err, RC_INVALID, "squashfs-entries",
                                                    "more than %d names in a folder",
                                                    SQUASH_ENTRIES_MAX);
                        rc = read_entry(listing, header.start_block, err);
                        if (rc != RC_OK)
                                return rc;
                }
        }
        return RC_OK;
}

enum rc squash_dir_find(struct squash *squash, const struct squash_inode *dir, const char *name,
                        uint64_t *ret_reference, struct err *err)
{
        CLEANUP(squash_reader_freep) sqfs_meta_reader_t *reader = NULL;
        const struct sqfs_super_t *super = &squash->super;
        struct listing listing = {.name = name};
        enum rc rc;
        int code;

        if (dir->size > DIR_SIZE_EXTRA) {
                rc = squash_reader_new(squash, super->directory_table_start, super->bytes_used,
                                       &reader, err);
                if (rc != RC_OK)
                        return rc;
                code = sqfs_meta_reader_seek(reader, super->directory_table_start + dir->dir_block,
                                             dir->dir_offset);
                if (code)
                        return squash_failed(code, "folders", err);
                listing.reader = reader;
                listing.left = dir->size - DIR_SIZE_EXTRA;
                rc = read_listing(squash, &listing, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (!listing.found)
                return err_set(err, RC_NOT_FOUND, "the image has no %s", name);
        *ret_reference = listing.reference;
        return RC_OK;
}
