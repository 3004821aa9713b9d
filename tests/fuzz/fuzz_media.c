/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a picture. What is taken has a size within the bounds; what is not has a code. */
#include "delta/worker/inspect_media.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        struct media_info info = {.width = 0};
        struct err err = {.code = ""};
        const enum rc rc = inspect_media(data, bytes, &info, &err);

        if (rc == RC_OK) {
                FUZZ_HOLDS(info.width >= 1 && info.width <= MEDIA_SIDE_MAX);
                FUZZ_HOLDS(info.height >= 1 && info.height <= MEDIA_SIDE_MAX);
                FUZZ_HOLDS(info.format == MEDIA_PNG || info.format == MEDIA_JPEG);
        } else {
                FUZZ_HOLDS(rc == RC_INVALID && err.code[0] != '\0' && err.text[0] != '\0');
        }
        return 0;
}
