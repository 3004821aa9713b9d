/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * compiler -- the attributes and small macros that every floor uses.
 *
 * Floor    core/base; includes libc only.
 * Owner    nothing here owns memory.
 */
#include <stddef.h>

/* The caller must look at the result. */
#define MUST_USE __attribute__((warn_unused_result))
/* Runs FREEP(&variable) when the variable leaves its scope. FREEP takes NULL contents. */
#define CLEANUP(freep)                  __attribute__((cleanup(freep)))
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define UNUSED                          __attribute__((unused))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * KIB)
#define GIB ((size_t)1024 * MIB)

/* Whether a sanitizer is compiled in: its run time needs system calls and memory of its own. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) ||                           \
        __has_feature(undefined_behavior_sanitizer)
#define WITH_SANITIZER 1
#else
#define WITH_SANITIZER 0
#endif
