/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/image.h"

enum rc archive_read_image(struct image *image, struct err *err)
{
        (void)image, (void)err;
        return RC_OK;
}
