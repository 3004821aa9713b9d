/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"
#include <time.h>

static usec_t clock_read(clockid_t id)
{
        struct timespec now;

        clock_gettime(id, &now);
        return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

usec_t clock_now(const struct clock *clock)
{
        return clock && clock->fixed_usec ? clock->fixed_usec : clock_read(CLOCK_REALTIME);
}

usec_t clock_uptime(void)
{
        return clock_read(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
static int64_t days_from_date(int64_t year, int month, int day)
{
        const int64_t y = month <= 2 ? year - 1 : year;
        const int64_t era = (y >= 0 ? y : y - 399) / 400;
        const int64_t of_era = y - era * 400;
        const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The other way round. The C library's gmtime_r would read the time zone file, which a sandbox
 * forbids. */
static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
        const int64_t shifted = days + 719468;
        const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
        const int64_t of_era = shifted - era * 146097;
        const int64_t year_of_era =
                (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        const int64_t month = (5 * of_year + 2) / 153;

        *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
        *ret_month = (int)(month < 10 ? month + 3 : month - 9);
        *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static char *digits_put(char *text, int number, int count, char end)
{
        for (int i = count - 1; i >= 0; i--, number /= 10)
                text[i] = (char)('0' + number % 10);
        text[count] = end;
        return text + count + 1;
}

void clock_format(usec_t time, char *text)
{
        int64_t seconds = time / USEC_PER_SEC - (time % USEC_PER_SEC < 0);
        const int64_t lowest = days_from_date(0, 1, 1) * 86400;
        const int64_t highest = days_from_date(10000, 1, 1) * 86400 - 1;
        int64_t days;
        int year;
        int month;
        int day;
        int left;

        seconds = seconds < lowest ? lowest : seconds > highest ? highest : seconds;
        days = seconds / 86400 - (seconds % 86400 < 0);
        left = (int)(seconds - days * 86400);
        date_from_days(days, &year, &month, &day);
        text = digits_put(text, year, 4, '-');
        text = digits_put(text, month, 2, '-');
        text = digits_put(text, day, 2, 'T');
        text = digits_put(text, left / 3600, 2, ':');
        text = digits_put(text, left / 60 % 60, 2, ':');
        text = digits_put(text, left % 60, 2, 'Z');
        *text = '\0';
}

/* Reads exactly count digits. */
static bool digits_take(const char **at, int count, int *ret)
{
        *ret = 0;
        for (int i = 0; i < count; i++, (*at)++) {
                if (**at < '0' || **at > '9')
                        return false;
                *ret = *ret * 10 + (**at - '0');
        }
        return true;
}

static bool char_take(const char **at, char c)
{
        if (**at != c)
                return false;
        (*at)++;
        return true;
}

static int month_days(int year, int month)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        return month == 2 && leap ? 29 : days[month - 1];
}

static bool zone_take(const char **at, int *ret_seconds)
{
        const int sign = **at == '-' ? -1 : 1;
        int hours;
        int minutes;

        *ret_seconds = 0;
        if (char_take(at, 'Z'))
                return true;
        if (!char_take(at, '+') && !char_take(at, '-'))
                return false;
        if (!digits_take(at, 2, &hours) || !char_take(at, ':') || !digits_take(at, 2, &minutes))
                return false;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        return hours < 24 && minutes < 60;
}

/* ".5" is 500000; digits past the sixth are dropped. */
static bool fraction_take(const char **at, usec_t *ret)
{
        usec_t unit = USEC_PER_SEC;

        *ret = 0;
        if (!char_take(at, '.'))
                return true;
        if (**at < '0' || **at > '9')
                return false;
        for (; **at >= '0' && **at <= '9'; (*at)++) {
                unit /= 10;
                *ret += unit * (**at - '0');
        }
        return true;
}

enum rc clock_parse(const char *text, usec_t *ret)
{
        int year, month, day, hour, minute, second, zone;
        usec_t fraction;

        if (!digits_take(&text, 4, &year) || !char_take(&text, '-') ||
            !digits_take(&text, 2, &month) || !char_take(&text, '-') ||
            !digits_take(&text, 2, &day) || !char_take(&text, 'T') ||
            !digits_take(&text, 2, &hour) || !char_take(&text, ':') ||
            !digits_take(&text, 2, &minute) || !char_take(&text, ':') ||
            !digits_take(&text, 2, &second) || !fraction_take(&text, &fraction) ||
            !zone_take(&text, &zone) || *text)
                return RC_INVALID;
        if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
            minute > 59 || second > 59)
                return RC_INVALID;
        *ret = (days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
                zone) * USEC_PER_SEC +
               fraction;
        return RC_OK;
}
