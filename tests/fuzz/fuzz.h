/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* fuzz -- the one function of a fuzz target. libFuzzer calls it (-Dfuzzing=true), or replay.c does
 * with saved inputs. A property that does not hold aborts. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Not assert: it must hold in every build. */
#define FUZZ_HOLDS(property)                                                                       \
        do {                                                                                       \
                if (!(property))                                                                   \
                        abort();                                                                   \
        } while (0)
