/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/squash.h"
#include "delta/worker/squash_inside.h"
#include <errno.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_NAME_MAX 32 /* of those that we look for */

/* Structures of the image are read as they lie there, which is little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the worker reads little-endian images");

enum rc squash_corrupt(const char *what, struct err *err)
{
        return err_set_code(err, RC_INVALID, "squashfs-corrupt",
                            "the squashfs image is damaged: %s", what);
}

enum rc squash_failed(int code, const char *what, struct err *err)
{
        if (code == SQFS_ERROR_ALLOC)
                return err_set(err, RC_NOMEM, "no memory to read the %s", what);
        if (code == SQFS_ERROR_IO)
                return err_set(err, RC_IO, "cannot read the %s", what);
        return err_set_code(err, RC_INVALID, "squashfs-corrupt",
                            "the squashfs image is damaged: its %s cannot be read", what);
}

static int file_read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer, size_t bytes)
{
        const struct squash_file *file = (const struct squash_file *)base;
        uint8_t *to = buffer;

        if (offset > file->bytes || bytes > file->bytes - offset)
                return SQFS_ERROR_OUT_OF_BOUNDS;
        while (bytes) {
                const ssize_t got = pread(file->fd, to, bytes, (off_t)offset);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return SQFS_ERROR_IO;
                to += got;
                offset += (sqfs_u64)got;
                bytes -= (size_t)got;
        }
        return 0;
}

static int file_write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer, size_t bytes)
{
        (void)base, (void)offset, (void)buffer, (void)bytes;
        return SQFS_ERROR_UNSUPPORTED;
}

static sqfs_u64 file_get_size(const sqfs_file_t *base)
{
        return ((const struct squash_file *)base)->bytes;
}

static int file_truncate(sqfs_file_t *base, sqfs_u64 bytes)
{
        (void)base, (void)bytes;
        return SQFS_ERROR_UNSUPPORTED;
}

static void file_destroy(sqfs_object_t *object)
{
        (void)object; /* lies inside struct squash */
}

static enum rc file_init(struct squash_file *file, int fd, struct err *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at the package");
        if (!S_ISREG(st.st_mode))
                return err_set_code(err, RC_INVALID, "not-a-file", "the package is not a file");
        file->fd = fd;
        file->bytes = (uint64_t)st.st_size;
        file->base.base.destroy = file_destroy;
        file->base.read_at = file_read_at;
        file->base.write_at = file_write_at;
        file->base.get_size = file_get_size;
        file->base.truncate = file_truncate;
        return RC_OK;
}

static enum rc check_kind(const struct sqfs_super_t *super, struct err *err)
{
        if (super->magic != SQFS_MAGIC)
                return err_set_code(err, RC_INVALID, "squashfs-magic",
                                    "the package is not a squashfs image");
        if (super->version_major != SQFS_VERSION_MAJOR ||
            super->version_minor != SQFS_VERSION_MINOR)
                return err_set_code(err, RC_INVALID, "squashfs-version",
                                    "the image is squashfs %u.%u, not 4.0", super->version_major,
                                    super->version_minor);
        if (super->block_size < SQFS_MIN_BLOCK_SIZE || super->block_size > SQFS_MAX_BLOCK_SIZE ||
            (super->block_size & (super->block_size - 1)) || super->block_log > 20 ||
            (uint32_t)1 << super->block_log != super->block_size)
                return err_set_code(err, RC_INVALID, "squashfs-block-size",
                                    "the image states blocks of %u bytes", super->block_size);
        return RC_OK;
}

static bool table_is_inside(const struct sqfs_super_t *super, uint64_t start)
{
        return start == UINT64_MAX ||
               (start >= super->directory_table_start && start < super->bytes_used);
}

static enum rc check_layout(const struct squash *squash, struct err *err)
{
        const struct sqfs_super_t *super = &squash->super;

        if (super->bytes_used > squash->file.bytes)
                return err_set_code(err, RC_INVALID, "squashfs-truncated",
                                    "the image should have %llu bytes, the file has %llu",
                                    (unsigned long long)super->bytes_used,
                                    (unsigned long long)squash->file.bytes);
        if (super->bytes_used <= sizeof(*super) || super->inode_table_start < sizeof(*super) ||
            super->inode_table_start >= super->directory_table_start ||
            super->directory_table_start >= super->bytes_used)
                return squash_corrupt("its tables are out of order", err);
        if (super->id_table_start == UINT64_MAX || !table_is_inside(super, super->id_table_start) ||
            !table_is_inside(super, super->xattr_id_table_start) ||
            !table_is_inside(super, super->fragment_table_start) ||
            !table_is_inside(super, super->export_table_start))
                return squash_corrupt("a table lies outside of it", err);
        /* An inode takes 16 bytes at the least, of blocks that shrink to 1/1024 at the most. */
        if (!super->inode_count || super->inode_count > super->bytes_used * 64 || !super->id_count)
                return squash_corrupt("its counts make no sense", err);
        return RC_OK;
}

static enum rc read_super(struct squash *squash, struct err *err)
{
        int code;
        enum rc rc;

        if (squash->file.bytes < sizeof(squash->super))
                return err_set_code(err, RC_INVALID, "squashfs-magic",
                                    "the package is not a squashfs image");
        code = file_read_at(&squash->file.base, 0, &squash->super, sizeof(squash->super));
        if (code)
                return squash_failed(code, "superblock", err);
        rc = check_kind(&squash->super, err);
        return rc == RC_OK ? check_layout(squash, err) : rc;
}

enum rc squash_open(int fd, struct squash **ret, struct err *err)
{
        CLEANUP(squash_freep) struct squash *squash = calloc(1, sizeof(*squash));
        enum rc rc;

        if (!squash)
                return err_set(err, RC_NOMEM, "no memory for an image");
        rc = file_init(&squash->file, fd, err);
        if (rc != RC_OK)
                return rc;
        rc = read_super(squash, err);
        if (rc != RC_OK)
                return rc;
        rc = squash_codec_new(squash->super.compression_id, squash->super.block_size,
                              &squash->compressor, &squash->compression, err);
        if (rc != RC_OK)
                return rc;
        rc = squash_tables_check(squash, err);
        if (rc != RC_OK)
                return rc;
        *ret = squash;
        squash = NULL;
        return RC_OK;
}

void squash_freep(struct squash **squash)
{
        if (!*squash)
                return;
        sqfs_destroy((*squash)->compressor);
        free(*squash);
        *squash = NULL;
}

const char *squash_compression(const struct squash *squash)
{
        return squash->compression;
}

enum rc squash_reader_new(struct squash *squash, uint64_t start, uint64_t end,
                          sqfs_meta_reader_t **ret, struct err *err)
{
        *ret = sqfs_meta_reader_create(&squash->file.base, squash->compressor, start, end);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory to read metadata");
}

void squash_reader_freep(sqfs_meta_reader_t **reader)
{
        sqfs_destroy(*reader);
        *reader = NULL;
}

enum rc squash_meta_read(sqfs_meta_reader_t *reader, void *ret, size_t bytes, struct err *err)
{
        const int code = sqfs_meta_reader_read(reader, ret, bytes);

        return code ? squash_failed(code, "metadata", err) : RC_OK;
}

/* The folder of that name in the one that inode is; inode becomes it. */
static enum rc enter_folder(struct squash *squash, const char *name, sqfs_meta_reader_t *reader,
                            struct squash_inode *inode, struct err *err)
{
        uint64_t reference;
        enum rc rc = squash_dir_find(squash, inode, name, &reference, err);

        if (rc == RC_OK)
                rc = squash_inode_read(squash, reader, reference, inode, err);
        if (rc == RC_OK && inode->type != SQFS_INODE_DIR)
                return err_set_code(err, RC_INVALID, "squashfs-kind", "%s is not a folder", name);
        return rc;
}

static enum rc enter_folders(struct squash *squash, const char *path, sqfs_meta_reader_t *reader,
                             struct squash_inode *inode, struct err *err)
{
        enum rc rc = RC_OK;

        while (rc == RC_OK && *path) {
                const size_t length = strcspn(path, "/");
                char name[FOLDER_NAME_MAX + 1];

                if (length > FOLDER_NAME_MAX)
                        return err_set(err, RC_BUG, "a folder's name is too long");
                memcpy(name, path, length);
                name[length] = '\0';
                rc = enter_folder(squash, name, reader, inode, err);
                path += length + (path[length] == '/');
        }
        return rc;
}

static enum rc find_file(struct squash *squash, const char *folder, const char *name,
                         sqfs_meta_reader_t *reader, struct squash_inode *ret, struct err *err)
{
        struct squash_inode inode;
        uint64_t reference;
        enum rc rc;

        rc = squash_inode_read(squash, reader, squash->super.root_inode_ref, &inode, err);
        if (rc != RC_OK)
                return rc;
        if (inode.type != SQFS_INODE_DIR)
                return squash_corrupt("its root is not a folder", err);
        rc = enter_folders(squash, folder, reader, &inode, err);
        if (rc != RC_OK)
                return rc;
        rc = squash_dir_find(squash, &inode, name, &reference, err);
        if (rc != RC_OK)
                return rc;
        rc = squash_inode_read(squash, reader, reference, &inode, err);
        if (rc != RC_OK)
                return rc;
        if (inode.type != SQFS_INODE_FILE)
                return err_set_code(err, RC_INVALID, "squashfs-kind", "%s/%s is not a regular file",
                                    folder, name);
        *ret = inode;
        return RC_OK;
}

static void free_textp(uint8_t **text)
{
        free(*text);
}

enum rc squash_read_file(struct squash *squash, const char *folder, const char *name,
                         size_t max_bytes, char **ret, size_t *ret_bytes, struct err *err)
{
        CLEANUP(squash_reader_freep) sqfs_meta_reader_t *reader = NULL;
        CLEANUP(free_textp) uint8_t *bytes = NULL;
        struct squash_inode inode;
        enum rc rc;

        rc = squash_reader_new(squash, squash->super.inode_table_start,
                               squash->super.directory_table_start, &reader, err);
        if (rc != RC_OK)
                return rc;
        rc = find_file(squash, folder, name, reader, &inode, err);
        if (rc != RC_OK)
                return rc;
        if (inode.size > max_bytes)
                return err_set_code(err, RC_INVALID, "squashfs-file-size",
                                    "%s/%s is over %zu bytes", folder, name, max_bytes);
        bytes = calloc(1, inode.size + 1);
        if (!bytes)
                return err_set(err, RC_NOMEM, "no memory for %s/%s", folder, name);
        inode.reader = reader;
        rc = squash_data_read(squash, &inode, bytes, err);
        if (rc != RC_OK)
                return rc;
        *ret = (char *)bytes;
        *ret_bytes = inode.size;
        bytes = NULL;
        return RC_OK;
}
