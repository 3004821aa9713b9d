/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/link.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

bool link_kind_is_valid(const char *kind)
{
        bool was_dash = true;

        if (!isalpha((unsigned char)*kind) || strlen(kind) > LINK_KIND_MAX)
                return false;
        for (; *kind; kind++) {
                const bool dash = *kind == '-';

                if (dash ? was_dash : !isalnum((unsigned char)*kind))
                        return false;
                was_dash = dash;
        }
        return !was_dash;
}

/* What may stand in an address as it is; bytes above 0x7f would read differently to two readers. */
static bool is_plain(const char *text)
{
        for (; *text; text++)
                if (*text <= ' ' || *text == 0x7f || strchr("\"<>\\^`{|}", *text))
                        return false;
        return true;
}

/* NAME@HOST, with something on both sides. */
static bool is_mail(const char *text)
{
        const char *at = strchr(text, '@');

        return at && at != text && at[1] != '\0' && !strchr(at + 1, '@') && !strchr(text, '/') &&
               !strchr(text, ':');
}

static bool has_host(const char *text)
{
        const size_t length = strcspn(text, "/?#");

        return length > 0 && *text != ':' && !memchr(text, '@', length);
}

bool link_url_is_valid(const char *url)
{
        if (!*url || strlen(url) > LINK_URL_MAX || !is_plain(url))
                return false;
        if (strncasecmp(url, "https://", 8) == 0)
                return has_host(url + 8);
        if (strncasecmp(url, "http://", 7) == 0)
                return has_host(url + 7);
        return is_mail(strncasecmp(url, "mailto:", 7) == 0 ? url + 7 : url);
}
